/** Who is muted in the room, or banned from it: until when, by whom and why; and a way to lift it. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../ui/button.tsx";
import { Empty } from "../ui/empty.tsx";
import { attempt } from "./actions.ts";
import { moment } from "./format.ts";
import { roomPath } from "./paths.ts";
import { session } from "./session.ts";
import type { PageJson } from "./types.ts";
import { dialog } from "./ui-state.ts";
import { useLoaded } from "./use-loaded.ts";

interface SanctionJson {
  readonly userId: string;
  readonly by: string;
  readonly at: string;
  readonly until: string | null;
  readonly reason: string | null;
}
interface PseudonymJson {
  readonly pseudonym: string;
  readonly displayName: string;
  readonly bannedBy: string;
  readonly bannedAt: string;
  readonly reason: string | null;
}
interface Entry extends SanctionJson {
  readonly name: string;
  readonly isPseudonym?: true;
}

export interface SanctionsProps {
  readonly roomId: string;
  readonly collection: "mutes" | "bans";
}

export function Sanctions({ roomId, collection }: SanctionsProps) {
  const isBans = collection === "bans";
  const more = useSignal<readonly Entry[]>([]);
  const after = useSignal<string | null | undefined>(undefined);
  const read = async (from?: string | null) => {
    const query = from ? `?after=${encodeURIComponent(from)}` : "";
    const page = await session().client.rest<Record<string, readonly SanctionJson[]> & { pagination: PageJson }>(
      "GET",
      roomPath(roomId, `/${collection}${query}`),
    );
    const entries = (page[collection] ?? []).map((one) => ({ ...one, name: session().nameOf(one.userId) }));
    return { entries: entries as readonly Entry[], next: page.pagination.hasMore ? page.pagination.after : null };
  };
  const first = useLoaded(async () => {
    const [page, pseudonyms] = await Promise.all([read(), isBans ? pseudonymsIn(roomId) : []]);
    return { ...page, entries: [...pseudonyms, ...page.entries] };
  }, [roomId, collection]);
  // A dialog that closes may have changed it.
  const isAsking = dialog.value !== undefined;
  useEffect(() => {
    if (!isAsking && first.value.peek() !== undefined) first.reload();
  }, [isAsking]);
  useEffect(
    () =>
      session().client.on("event", ({ roomId: room, event }) => {
        if (room !== roomId || !CHANGES.includes(event.type)) return;
        more.value = [];
        after.value = undefined;
        first.reload();
      }),
    [roomId],
  );
  const next = after.value === undefined ? first.value.value?.next : after.value;
  const loadMore = async (): Promise<void> => {
    const page = await attempt(read(next));
    if (page === undefined) return;
    more.value = [...more.value, ...page.entries];
    after.value = page.next;
  };
  const loaded = first.value.value;
  const entries = [...(loaded?.entries ?? []), ...more.value];
  return (
    <div class="panel-body">
      {first.error.value && <p class="panel-note is-bad">{first.error.value}</p>}
      {loaded !== undefined && entries.length === 0 && (
        <Empty icon={isBans ? "ban" : "mute"} title={isBans ? "Nobody is banned" : "Nobody is muted"}>
          <p>{isBans ? "Whom you ban stands here, with the reason." : "Whom you mute stands here until it ends."}</p>
        </Empty>
      )}
      {entries.map((entry) => (
        <Row key={entry.userId} roomId={roomId} collection={collection} entry={entry} done={first.reload} />
      ))}
      {next && (
        <Button small kind="quiet" wide onClick={() => void loadMore()}>
          More
        </Button>
      )}
    </div>
  );
}

const CHANGES = ["member_muted", "member_unmuted", "user_left"];

async function pseudonymsIn(roomId: string): Promise<readonly Entry[]> {
  if (session().room(roomId)?.allowAnonymous !== true) return [];
  const { bans } = await session().client.rest<{ bans: readonly PseudonymJson[] }>(
    "GET",
    roomPath(roomId, "/pseudonyms/bans"),
  );
  return bans.map(({ pseudonym, displayName, bannedBy, bannedAt, reason }) => ({
    userId: pseudonym,
    name: displayName,
    by: bannedBy,
    at: bannedAt,
    until: null,
    reason,
    isPseudonym: true,
  }));
}

interface RowProps extends SanctionsProps {
  readonly entry: Entry;
  readonly done: () => void;
}

function Row({ roomId, collection, entry, done }: RowProps) {
  const { userId, name, by, at, until, reason, isPseudonym } = entry;
  const lift = async (): Promise<void> => {
    const { client } = session();
    const asked = isPseudonym
      ? client.request({ type: "unban_pseudonym", roomId, pseudonym: userId })
      : client.request({ type: collection === "bans" ? "unban_member" : "unmute_member", roomId, userId });
    await attempt(asked, collection === "bans" ? `${name} may come back.` : `${name} may write again.`);
    done();
  };
  return (
    <article class="case">
      <p class="case-head">
        <strong class="cut">{name}</strong>
        {isPseudonym ? <span class="tag">Anonymous</span> : name !== userId && <span class="small cut">@{userId}</span>}
      </p>
      {reason && (
        <p class="case-text" dir="auto">
          {reason}
        </p>
      )}
      <p class="faint small case-text">
        {until === null ? "Until it is lifted" : `Until ${moment(Date.parse(until))}`}
        {` · by ${session().nameOf(by)}, ${moment(Date.parse(at))}`}
      </p>
      <Button small onClick={() => void lift()} aria-label={`Lift it for ${name}`}>
        Lift
      </Button>
    </article>
  );
}
