/** The column beside the messages. One at a time; on small screens it is all there is. */
import { MembersPanel } from "./members-panel.tsx";
import { PinsPanel } from "./pins-panel.tsx";
import { QueuePanel } from "./queue-panel.tsx";
import { SearchPanel } from "./search-panel.tsx";
import { ThreadPanel } from "./thread-panel.tsx";
import { ThreadsPanel } from "./threads-panel.tsx";
import { panel } from "./ui-state.ts";

export function Panels({ roomId }: { readonly roomId: string | undefined }) {
  const open = panel.value;
  if (open?.kind === "threads") return <ThreadsPanel />;
  if (roomId === undefined) return null;
  switch (open?.kind) {
    case "members":
      return <MembersPanel key={roomId} roomId={roomId} />;
    case "pins":
      return <PinsPanel key={roomId} roomId={roomId} />;
    case "search":
      return <SearchPanel key={roomId} roomId={roomId} />;
    case "queue":
      return <QueuePanel key={roomId} roomId={roomId} />;
    case "thread":
      return (
        <ThreadPanel
          key={`${roomId}/${open.rootId}`}
          roomId={roomId}
          rootId={open.rootId}
          isFromList={open.isFromList}
        />
      );
    default:
      return null;
  }
}
