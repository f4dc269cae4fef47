/** What requests are made of, whether they come as frames or as calls. */
import type { MessageId, RoomId, UserId } from "../base/ids.ts";
import type { Principal } from "../domain/principal.ts";
import type { FollowThread, MarkThreadRead, MarkUnread, RoomCommand } from "../domain/room/commands.ts";
import type { FollowWish } from "./calls.ts";
import type { EdgeLink } from "./edge-link.ts";
import type { Asker, RoomRequest, RoomSequel, UserAsk, UserRequest } from "./request.ts";

export const ACKNOWLEDGE: RoomSequel = { kind: "acknowledge" };

export function roomRequest(
  link: EdgeLink,
  record: number,
  asker: Asker,
  by: Principal,
  room: RoomId,
  command: RoomCommand,
  sequel: RoomSequel,
): RoomRequest {
  return { to: "room", link, record, asker, by, room, command, sequel, attempts: 0, completed: false };
}

export function userRequest(
  link: EdgeLink,
  record: number,
  asker: Asker,
  by: Principal,
  user: UserId,
  ask: UserAsk,
): UserRequest {
  return { to: "user", link, record, asker, by, user, ask, attempts: 0, completed: false };
}

export function markThread(
  by: Principal,
  { threadId, messageId }: { readonly threadId: MessageId; readonly messageId?: MessageId | undefined },
): MarkThreadRead {
  return { kind: "mark_thread_read", by, threadId, ...(messageId !== undefined && { messageId }) };
}

export function followThread(
  by: Principal,
  { threadId }: { readonly threadId: MessageId },
  { follow, clientId, knownSeq }: FollowWish,
): FollowThread {
  return {
    kind: "follow_thread",
    by,
    clientId,
    ...(knownSeq !== undefined && { knownSeq }),
    threadId,
    follow,
  };
}

export function markUnread(
  by: Principal,
  { seq, messageId }: Pick<MarkUnread, "seq" | "messageId">,
  key: string | undefined,
): MarkUnread {
  return {
    kind: "mark_unread",
    by,
    ...(seq !== undefined && { seq }),
    ...(messageId !== undefined && { messageId }),
    ...(key !== undefined && { key }),
  };
}
