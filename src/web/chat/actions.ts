/** What people do to messages, rooms and one another: asked of the server, told when it refuses. */
import type { MessageView } from "../../client/stoa-chat.ts";
import { toast, toastError } from "../ui/toast.tsx";
import { isCovered } from "./panel-step.ts";
import { addressOf, go } from "./router.ts";
import { session } from "./session.ts";
import { dialog, focusComposer, marked, panel } from "./ui-state.ts";

const MARK_MS = 2_500;

/** Says why when it is refused; `undefined` then. */
export async function attempt<Value>(work: Promise<Value>, done?: string): Promise<Value | undefined> {
  try {
    const value = await work;
    if (done !== undefined) toast(done);
    return value;
  } catch (error) {
    toastError(error);
    return undefined;
  }
}

export function openRoom(roomId: string): void {
  panel.value = undefined;
  go({ roomId });
  if (matchMedia("(pointer: fine)").matches) focusComposer();
}

/** Shows the message in its room, marked for a moment. */
export async function showMessage(roomId: string, messageId: string): Promise<void> {
  if (isCovered()) panel.value = undefined;
  go({ roomId, messageId });
  const found = await attempt(session().window(roomId).toMessage(messageId));
  if (found !== undefined) markFor(messageId);
}

/** Marks it for a moment; it is scrolled to. */
export function markFor(messageId: string | undefined): void {
  marked.value = messageId;
  setTimeout(() => {
    if (marked.value === messageId) marked.value = undefined;
  }, MARK_MS);
}

export function react({ roomId, messageId, reactions }: MessageView, emoji: string): void {
  const action = reactions?.[emoji]?.mine ? "remove" : "add";
  void attempt(session().client.request({ type: "message_reaction", roomId, messageId, emoji, action }));
}

export function remove({ roomId, messageId }: MessageView): void {
  dialog.value = {
    kind: "confirm",
    title: "Delete this message?",
    text: "It is gone for everybody. This can't be undone.",
    action: "Delete",
    run: () => void attempt(session().client.request({ type: "delete_message", roomId, messageId })),
  };
}

export function pin({ roomId, messageId }: MessageView): void {
  void attempt(session().client.request({ type: "pin_message", roomId, messageId }), "Pinned");
}

export function unpin(roomId: string, messageId: string): Promise<unknown> {
  return attempt(session().client.request({ type: "unpin_message", roomId, messageId }));
}

export function markUnread({ roomId, messageId, seq }: MessageView): void {
  session().window(roomId).keepUnread(seq);
  void attempt(session().client.request({ type: "mark_unread", roomId, messageId }), "Marked as unread from here");
}

export function copyLink({ roomId, messageId }: MessageView): void {
  void attempt(navigator.clipboard.writeText(addressOf(roomId, messageId)), "Link copied");
}

export function copy(text: string): void {
  void attempt(navigator.clipboard.writeText(text), "Copied");
}

export function stopAnswer({ roomId, messageId }: MessageView): void {
  void attempt(session().client.request({ type: "stop_answer", roomId, messageId }));
}

export function leaveRoom(roomId: string, name: string): void {
  dialog.value = {
    kind: "confirm",
    title: `Leave ${name}?`,
    text: "You will not see its messages any more unless you come back.",
    action: "Leave",
    run: () => {
      go({}, true);
      void attempt(session().client.leave(roomId, true));
    },
  };
}

/** Opens the conversation with this person; it is made the first time. Throws what the server refuses. */
export async function openDirect(userId: string): Promise<void> {
  const { client, peers } = session();
  const known = Object.entries(peers.value).find(([, peer]) => peer.userId === userId);
  if (known !== undefined) return openRoom(known[0]);
  const made = await client.request({ type: "create_room", roomType: "direct", participants: [userId] });
  await client.loadRooms();
  if (made.roomId !== undefined) openRoom(made.roomId);
}
