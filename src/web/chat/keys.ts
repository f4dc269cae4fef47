/** Keys that work everywhere on the page. */
import { openRoom } from "./actions.ts";
import { closePanel } from "./panel-step.ts";
import { route } from "./router.ts";
import { session } from "./session.ts";
import { dialog, panel, togglePanel } from "./ui-state.ts";

export function pageKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || dialog.value !== undefined) return;
  const isWriting = event.target instanceof HTMLElement && event.target.matches("input, textarea, select");
  if ((event.ctrlKey || event.metaKey) && event.key === "k") {
    event.preventDefault();
    if (route.value.roomId !== undefined) togglePanel("search");
  } else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
    event.preventDefault();
    step(event.key === "ArrowDown" ? 1 : -1, event.shiftKey);
  } else if (event.key === "?" && !isWriting) {
    event.preventDefault();
    dialog.value = { kind: "help" };
  } else if (event.key === "Escape" && panel.value !== undefined && !isWriting) closePanel();
}

/** In the order in which the list shows them. */
function step(by: number, isUnreadOnly: boolean): void {
  const all = session().rooms.value ?? [];
  const shown = [...all.filter(({ type }) => type !== "direct"), ...all.filter(({ type }) => type === "direct")];
  const at = shown.findIndex(({ roomId }) => roomId === route.value.roomId);
  for (let tried = 1; tried <= shown.length; tried += 1) {
    const room = shown[(((at + by * tried) % shown.length) + shown.length) % shown.length];
    if (room === undefined || room.roomId === route.value.roomId) continue;
    if (!isUnreadOnly || room.unread > 0) return openRoom(room.roomId);
  }
}
