/** Rooms that one may see, to look through and join. */
import { useSignal } from "@preact/signals";
import type { RoomType } from "../../client/stoa-chat.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Empty } from "../ui/empty.tsx";
import { toast } from "../ui/toast.tsx";
import { attempt, openRoom } from "./actions.ts";
import { plural } from "./format.ts";
import { session } from "./session.ts";
import { RoomIcon } from "./room-list.tsx";
import { useLoaded } from "./use-loaded.ts";

interface FoundRoom {
  readonly roomId: string;
  readonly name: string;
  readonly description: string | null;
  readonly type: RoomType;
  readonly memberCount: number;
  readonly isJoined: boolean;
  readonly requireApproval: boolean;
}

export function DiscoverDialog({ onClose }: { readonly onClose: () => void }) {
  const { client } = session();
  const text = useSignal("");
  const asked = useSignal<readonly string[]>([]);
  const found = useLoaded(() => {
    const query = new URLSearchParams({ limit: "50", ...(text.value.trim() !== "" && { text: text.value.trim() }) });
    return client.rest<{ rooms: readonly FoundRoom[] }>("GET", `/v1/chat/rooms?${query}`);
  }, [text.value]);
  const rooms = found.value.value?.rooms.filter(({ type }) => type !== "direct");
  const join = async (room: FoundRoom): Promise<void> => {
    const ack = await attempt(client.join(room.roomId));
    if (ack === undefined) return;
    if (ack.state === "pending") {
      asked.value = [...asked.value, room.roomId];
      return toast("You have asked to join. You are told when you are let in.");
    }
    await attempt(client.loadRooms());
    onClose();
    openRoom(room.roomId);
  };
  return (
    <Dialog title="Discover rooms" wide onClose={onClose}>
      <input
        class="input"
        type="search"
        placeholder="Part of a name"
        aria-label="Part of a name"
        autofocus
        value={text.value}
        onInput={(event) => {
          text.value = event.currentTarget.value;
        }}
      />
      {rooms?.length === 0 && (
        <Empty icon="compass" title="No such room">
          <p>Try another word, or make the room yourself.</p>
        </Empty>
      )}
      <ul class="found-rooms">
        {rooms?.map((room) => (
          <li key={room.roomId} class="row line-below">
            <span class="found-icon">
              <RoomIcon room={room} />
            </span>
            <span class="grow">
              <strong class="cut">{room.name}</strong>
              <span class="faint small cut">
                {plural(room.memberCount, "member")}
                {room.description && ` · ${room.description}`}
              </span>
            </span>
            {room.isJoined ? (
              <Button
                small
                kind="quiet"
                onClick={() => {
                  onClose();
                  openRoom(room.roomId);
                }}
              >
                Open
              </Button>
            ) : (
              <Button small kind="primary" disabled={asked.value.includes(room.roomId)} onClick={() => void join(room)}>
                {asked.value.includes(room.roomId) ? "Asked" : room.requireApproval ? "Ask to join" : "Join"}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
