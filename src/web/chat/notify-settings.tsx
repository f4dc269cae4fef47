/** What one wants to be told of while one is away: for all rooms, and for one. */
import { useRef } from "preact/hooks";
import { Select } from "../ui/field.tsx";
import { attempt } from "./actions.ts";
import { moment } from "./format.ts";
import { session } from "./session.ts";
import { useLoaded } from "./use-loaded.ts";

/** Of it only the parts that are shown: what else there is goes back as it came. */
interface Wanted {
  readonly level: string | null;
  readonly muteUntil: string | null;
}

const PATH = "/v1/chat/me/notifications";
const LEVELS = [
  { value: "all", label: "All messages" },
  { value: "mentions", label: "Mentions and direct messages" },
  { value: "none", label: "Nothing" },
];
/** By hours. */
const PAUSES = [
  { value: "1", label: "For an hour" },
  { value: "8", label: "For eight hours" },
  { value: "24", label: "For a day" },
  { value: "168", label: "For a week" },
];
const HOUR_MS = 3_600_000;
/** What is chosen as long as nothing else is. */
const AS_IT_IS = "until";

function Level({ path, fallback }: { readonly path: string; readonly fallback: string }) {
  const { client } = session();
  const found = useLoaded(() => client.rest<Wanted>("GET", path), [path]);
  const saving = useRef<Promise<void>>(Promise.resolve());
  const wanted = found.value.value;
  if (wanted === undefined) return null;
  /** One after the other, each to what the last one left: whoever changes two at once loses neither. */
  const set = (change: Partial<Wanted>): void => {
    saving.current = saving.current.then(async () => {
      const body = { ...(found.value.value ?? wanted), ...change };
      const saved = await attempt(client.rest<Wanted>("PUT", path, body), "Saved");
      if (saved === undefined) found.reload();
      else found.value.value = saved;
    });
  };
  const { level, muteUntil } = wanted;
  const pause = (hours: string): void => {
    if (hours === AS_IT_IS) return;
    const end = hours === "" ? null : new Date(Date.now() + Number(hours) * HOUR_MS).toISOString();
    set({ muteUntil: end });
  };
  const paused = muteUntil === null ? [] : [{ value: AS_IT_IS, label: `Until ${moment(Date.parse(muteUntil))}` }];
  return (
    <>
      <Select
        label="Notify me while I am away"
        value={level ?? ""}
        options={[{ value: "", label: fallback }, ...LEVELS]}
        onChange={(chosen) => set({ level: chosen === "" ? null : chosen })}
      />
      <Select
        label="Pause notifications"
        value={muteUntil === null ? "" : AS_IT_IS}
        options={[{ value: "", label: "Not now" }, ...paused, ...PAUSES]}
        onChange={pause}
      />
    </>
  );
}

export function RoomNotifications({ roomId }: { readonly roomId: string }) {
  return (
    <section class="section" aria-label="Notifications">
      <Level path={`${PATH}/rooms/${encodeURIComponent(roomId)}`} fallback="As for all rooms" />
    </section>
  );
}

export function OwnNotifications() {
  return <Level path={PATH} fallback="As this server does for everybody" />;
}
