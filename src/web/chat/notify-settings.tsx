/** What one wants to be told of while one is away: for all rooms, and for one. */
import { Select } from "../ui/field.tsx";
import { attempt } from "./actions.ts";
import { session } from "./session.ts";
import { useLoaded } from "./use-loaded.ts";

interface Wanted {
  readonly level?: string | null;
}

const PATH = "/v1/chat/me/notifications";
const LEVELS = [
  { value: "all", label: "All messages" },
  { value: "mentions", label: "Mentions and direct messages" },
  { value: "none", label: "Nothing" },
];

function Level({ path, fallback }: { readonly path: string; readonly fallback: string }) {
  const { client } = session();
  const found = useLoaded(() => client.rest<Wanted>("GET", path), [path]);
  const wanted = found.value.value;
  if (wanted === undefined) return null;
  const set = async (level: string): Promise<void> => {
    await attempt(client.rest("PUT", path, { ...(level !== "" && { level }) }), "Saved");
    found.reload();
  };
  return (
    <Select
      label="Notify me while I am away"
      value={wanted.level ?? ""}
      options={[{ value: "", label: fallback }, ...LEVELS]}
      onChange={(level) => void set(level)}
    />
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
