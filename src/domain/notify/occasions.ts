/**
 * What happened in a room that somebody who is away may be told of, and of whom it is known from the event alone.
 * Invariant: what was taken back in the same run is no occasion; `by` never leaves the engine, `author` is who is shown.
 */
import type { Seq, UserId } from "../../base/ids.ts";
import type { LogEvent, MessageSent } from "../room/events.ts";
import { shownBy } from "../room/shown-author.ts";

/** Why somebody is told, the strongest first. */
export const NOTIFY_REASONS = ["direct", "mention", "invite", "reply", "mention_all", "message"] as const;
export type NotifyReason = (typeof NOTIFY_REASONS)[number];

export interface Occasion {
  readonly seq: Seq;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly kind: "message" | "invite";
  readonly by: UserId;
  readonly author: UserId;
  /** Who is meant: mentioned, or invited. */
  readonly users: readonly UserId[];
  readonly everybody: boolean;
  /** Of a reply: the message that its thread hangs on, and its number there. */
  readonly thread?: { readonly root: Seq; readonly no: number };
}

/** Of these events of one log, in their order; nothing from before `fromMs`. */
export function occasionsIn(events: readonly LogEvent[], fromMs: number): readonly Occasion[] {
  const found = new Map<string, Occasion>();
  for (const event of events) {
    if (event.timestamp < fromMs) continue;
    switch (event.kind) {
      case "message_sent":
        if (isSpoken(event)) found.set(nameOf(event.seq), occasionOf(event));
        break;
      case "message_deleted":
        found.delete(nameOf(event.target));
        break;
      case "invite_made":
        if (event.userId !== undefined) found.set(invitedName(event.userId), inviteOf(event, event.userId));
        break;
      case "invite_ended":
        if (event.userId !== undefined) found.delete(invitedName(event.userId));
        break;
      case "member_joined":
        found.delete(invitedName(event.userId));
        break;
      default:
    }
  }
  return [...found.values()];
}

/** What the engine says itself is nobody's word; an answer of the assistant has no text yet, and whoever asked is there. */
function isSpoken({ messageType, run }: MessageSent): boolean {
  return messageType !== "system" && run === undefined;
}

function occasionOf(event: MessageSent): Occasion {
  const { seq, timestamp: at, by, mentions = [], mentionsRoom, thread } = event;
  return {
    ...{ seq, at, kind: "message", by, author: shownBy(event), users: mentions, everybody: mentionsRoom === true },
    ...(thread !== undefined && { thread: { root: thread.root, no: thread.no } }),
  };
}

function inviteOf({ seq, timestamp: at, by }: { seq: Seq; timestamp: number; by: UserId }, userId: UserId): Occasion {
  return { seq, at, kind: "invite", by, author: by, users: [userId], everybody: false };
}

function nameOf(seq: Seq): string {
  return `m${seq}`;
}

function invitedName(userId: UserId): string {
  return `i${userId}`;
}
