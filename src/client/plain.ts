/** REST's shapes as the frames have them: without nulls, points in time as milliseconds. */
import type { UserId } from "../base/ids.ts";
import type { MessageView, RoomView } from "../protocol/frames.ts";
import { withTimes } from "../protocol/json-frames.ts";
import type { RoomEntry } from "./types.ts";

/** `null` is absent. */
function plain<Value>(record: object): Value {
  const kept = Object.entries(record).filter(([, value]) => value !== null);
  return withTimes(Object.fromEntries(kept));
}

export type RoomJson = object & {
  readonly isJoined?: boolean;
  readonly unreadCount?: number;
  readonly mentionCount?: number;
};
export function roomOf(json: RoomJson): RoomEntry {
  const { unreadCount = 0, mentionCount = 0, isJoined: _isJoined, ...room } = json;
  return { ...plain<RoomView>(room), unread: unreadCount, mentions: mentionCount };
}

export type MessageJson = object & {
  readonly type: MessageView["messageType"];
  readonly reactions: Readonly<Record<string, readonly UserId[]>>;
  readonly reactionCounts: Readonly<Record<string, number>>;
  readonly myReactions: readonly string[];
  readonly readBy?: readonly { readonly userId: UserId }[];
};
export function messageOf({ type, reactions, reactionCounts, myReactions, readBy: _readBy, ...json }: MessageJson) {
  const shown = Object.entries(reactions).map(([emoji, users]) => {
    const mine = myReactions.includes(emoji) && { mine: true as const };
    return [emoji, { count: reactionCounts[emoji] ?? users.length, users, ...mine }] as const;
  });
  const message = { ...plain<MessageView>(json), messageType: type, messageNo: 0 };
  return shown.length === 0 ? message : { ...message, reactions: Object.fromEntries(shown) };
}
