/** The keyboard among messages: arrows go from one to the next, single letters do what the buttons of a message do. */
import type { RefObject } from "preact";
import { rove } from "../ui/roving.ts";
import { react, remove } from "./actions.ts";
import { isEditable, openThread, startEdit, startReply } from "./message-row.tsx";
import { mayModerate } from "./roles.ts";
import type { RoomWindow } from "./room-window.ts";
import { session } from "./session.ts";
import { focusComposer } from "./ui-state.ts";

export function rowKey(event: KeyboardEvent, held: RoomWindow, list: RefObject<HTMLElement>): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") return focusComposer();
  const { target } = event;
  if (target === list.current && event.key === "ArrowUp") {
    event.preventDefault();
    return [...(list.current?.querySelectorAll<HTMLElement>("[data-item]") ?? [])].at(-1)?.focus();
  }
  // On a button of the message its own keys count.
  if (!(target instanceof HTMLElement) || target.dataset["key"] === undefined) return;
  if (event.key === "ArrowUp" || event.key === "ArrowDown") return rove(event, list);
  const id = target.dataset["key"];
  const message = held.messages.peek().find(({ messageId }) => messageId === id);
  if (message === undefined || message.deletedAt !== undefined) return;
  const isMine = message.authorId === session().account.userId;
  if (event.key === "r") startReply(message);
  else if (event.key === "t") openThread(message);
  else if (event.key === "e" && isEditable(message)) startEdit(message);
  else if (event.key === "+") react(message, "👍");
  else if (event.key === "Delete" && (isMine || mayModerate(held.roomId))) remove(message);
  else return;
  event.preventDefault();
}
