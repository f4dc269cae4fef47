/** What is pinned in the room, the newest pin first. */
import { useEffect } from "preact/hooks";
import { IconButton } from "../ui/button.tsx";
import { Empty } from "../ui/empty.tsx";
import { unpin } from "./actions.ts";
import { roomPath } from "./paths.ts";
import { Excerpt } from "./excerpt.tsx";
import { PanelFrame } from "./panel-frame.tsx";
import { mayPin } from "./roles.ts";
import { session } from "./session.ts";
import type { MessageJson } from "./types.ts";
import { useLoaded } from "./use-loaded.ts";

export function PinsPanel({ roomId }: { readonly roomId: string }) {
  const { client } = session();
  const read = () => client.rest<{ pins: readonly { message: MessageJson }[] }>("GET", roomPath(roomId, "/pins"));
  const pins = useLoaded(read, [roomId]);
  useEffect(
    () =>
      client.on("event", ({ roomId: room, event }) => {
        if (room === roomId && (event.type === "message_pinned" || event.type === "message_unpinned")) pins.reload();
      }),
    [roomId],
  );
  const all = pins.value.value?.pins;
  return (
    <PanelFrame title="Pinned messages">
      <div class="panel-body">
        {all?.length === 0 && (
          <Empty icon="pin" title="Nothing is pinned">
            <p>Pin what people should find again: by the menu of a message.</p>
          </Empty>
        )}
        <ul class="excerpts">
          {all?.map(({ message }) => (
            <li key={message.messageId} class="row">
              <Excerpt message={message} />
              {mayPin(roomId) && (
                <IconButton icon="close" small label="Unpin" onClick={() => void unpin(roomId, message.messageId)} />
              )}
            </li>
          ))}
        </ul>
      </div>
    </PanelFrame>
  );
}
