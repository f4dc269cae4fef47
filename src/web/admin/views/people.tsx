/** Who is connected now, on all nodes; who may not come in; and a word to everybody. */
import { useState } from "preact/hooks";
import { useAct, useAdmin } from "../context.ts";
import { count, moment, plural } from "../format.ts";
import { usePolled } from "../live.ts";
import { Button } from "../../ui/button.tsx";
import { Pill, Card, Text, Load, type Tone } from "../parts/basics.tsx";
import { Pager, Table, usePages } from "../parts/table.tsx";
import { goTo } from "../use-route.ts";
import { useSettled } from "../settled.ts";

interface OnlinePage {
  readonly users: readonly { readonly userId: string; readonly status: string; readonly devices: number }[];
  readonly pagination: { readonly total: number; readonly hasMore: boolean; readonly after: string | null };
  readonly connections: number;
}
/** Of a person, or of a token. */
export interface Access {
  readonly userId?: string;
  readonly tokenId?: string;
  readonly issuedBefore?: string | null;
  readonly suspended?: boolean;
  readonly suspendedUntil?: string;
  readonly by: string;
  readonly at: string;
  readonly reason?: string;
}

const LIMIT = 25;
const EVERY_MS = 5_000;
export const STATUS_TONES: Readonly<Record<string, Tone>> = { online: "good", away: "warn", busy: "bad" };

export function PeopleView() {
  return (
    <>
      <Connected />
      <KeptOut />
    </>
  );
}

/** The directory is in the order of ids: what begins so stands together. */
function Connected() {
  const { api } = useAdmin();
  const [text, setText] = useState("");
  const pages = usePages();
  const wanted = useSettled(text.trim());
  // Just before the first id that begins so: the list begins behind it.
  const start = wanted === "" ? undefined : `${wanted.slice(0, -1)}${before(wanted.at(-1) ?? "")}~`;
  const after = pages.after ?? start;
  const loaded = usePolled(`online ${after}`, EVERY_MS, () =>
    api.get<OnlinePage>("/admin/online", { limit: LIMIT, after }),
  );
  const search = (value: string): void => {
    setText(value);
    pages.restart();
  };
  const open = (event: Event): void => {
    event.preventDefault();
    if (wanted !== "") goTo(["people", wanted]);
  };
  return (
    <Card isFlush title="Connected now" actions={<Announce />}>
      <form class="filters" onSubmit={open}>
        <Text name="Person" type="search" value={text} onInput={search} placeholder="Beginning of an id" />
        <Button type="submit" disabled={wanted === ""}>
          Open {wanted === "" ? "by id" : wanted}
        </Button>
      </form>
      <Load loaded={loaded}>
        {({ users, pagination, connections }) => {
          const shown = users.filter(({ userId }) => userId.startsWith(wanted));
          const hasMore = pagination.hasMore && shown.length === users.length;
          return (
            <>
              <Table
                label="People who are connected"
                rows={shown}
                keyOf={({ userId }) => userId}
                open={({ userId }) => goTo(["people", userId])}
                empty={
                  wanted === "" ? "Nobody is connected." : `Nobody connected has an id that begins with ${wanted}.`
                }
                columns={[
                  { name: "Person", show: ({ userId }) => <b>{userId}</b> },
                  {
                    name: "Status",
                    show: ({ status }) => <Pill tone={STATUS_TONES[status] ?? "quiet"}>{status}</Pill>,
                  },
                  { name: "Devices", isNumber: true, show: ({ devices }) => count(devices) },
                ]}
              />
              <Pager
                pages={pages}
                next={hasMore && pagination.after !== null ? pagination.after : undefined}
                note={`${plural(pagination.total, "person", "people")}, ${plural(connections, "connection")}`}
              />
            </>
          );
        }}
      </Load>
    </Card>
  );
}

/** The character before this one, among those that ids may have. */
function before(letter: string): string {
  return letter === "" ? "" : String.fromCharCode(Math.max(33, letter.charCodeAt(0) - 1));
}

function Announce() {
  const { api } = useAdmin();
  const act = useAct();
  const say = (): void =>
    act(
      {
        title: "Say something to everybody",
        effect:
          "It is written into the tenant's announcements, in your name, and shown to everybody who is connected. It cannot be taken back from their screens.",
        verb: "Announce",
        reason: "required",
        reasonName: "Announcement",
        isLong: true,
      },
      ({ reason }) => api.send("POST", "/admin/announcements", { content: reason }),
      "It was announced to everybody.",
    );
  return <Button onClick={say}>Announce…</Button>;
}

function KeptOut() {
  const { api } = useAdmin();
  const loaded = usePolled("access", 2 * EVERY_MS, () => api.get<{ entries: readonly Access[] }>("/admin/access"));
  return (
    <Card isFlush title="Suspended people and revoked tokens">
      <Load loaded={loaded}>
        {({ entries }) => (
          <Table
            label="Suspended people and revoked tokens"
            rows={entries}
            keyOf={({ userId, tokenId }) => userId ?? `token ${tokenId}`}
            open={({ userId }) => userId !== undefined && goTo(["people", userId])}
            empty="Nobody is kept out."
            columns={[
              { name: "Whom", show: (one) => <b>{one.userId ?? `token ${one.tokenId}`}</b> },
              { name: "What", show: (one) => <What access={one} /> },
              { name: "Reason", show: ({ reason }) => reason ?? "–" },
              { name: "By", isMinor: true, show: ({ by }) => by },
              { name: "When", show: ({ at }) => moment(at) },
            ]}
          />
        )}
      </Load>
    </Card>
  );
}

export function What({ access }: { readonly access: Access }) {
  const { suspended, suspendedUntil, issuedBefore, tokenId } = access;
  if (suspended === true) {
    return (
      <Pill tone="bad">{suspendedUntil === undefined ? "suspended" : `suspended until ${moment(suspendedUntil)}`}</Pill>
    );
  }
  if (tokenId !== undefined) return <Pill tone="warn">token revoked</Pill>;
  return <Pill tone="warn">tokens from before {moment(issuedBefore)} revoked</Pill>;
}
