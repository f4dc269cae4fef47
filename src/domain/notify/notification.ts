/**
 * One notification as it leaves the engine: what happened to one person in one room since they were last told, in few words.
 * Invariant: its length is bounded; without text it says who and how many, and nothing that was written.
 */
import type { MessageId, RoomId, Seq, TenantId, UserId } from "../../base/ids.ts";
import { NOTIFY_BODY_LENGTH_MAX, NOTIFY_TITLE_LENGTH_MAX } from "../../base/limits.ts";
import type { RoomType } from "../room/vocabulary.ts";
import { isStronger, type Told } from "./audience.ts";
import type { NotifyReason } from "./occasions.ts";

export interface Notification {
  /** The same when it is sent again. */
  readonly id: string;
  /** The same for all of this person and room: the newest takes the place of those before. */
  readonly collapseKey: string;
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly roomId: RoomId;
  readonly roomName: string;
  readonly roomType: RoomType;
  readonly reason: NotifyReason;
  /** What it stands for. */
  readonly count: number;
  readonly title: string;
  readonly body: string;
  /** The last one who did something: an id, or a pseudonym. */
  readonly author: UserId;
  readonly authorName?: string;
  /** The last message; absent: an invite. */
  readonly messageId?: MessageId;
  readonly fromSeq: Seq;
  readonly toSeq: Seq;
  /** Milliseconds since 1970: when the last of it happened. */
  readonly at: number;
}

/** A message as it is now. */
export interface Spoken {
  readonly messageId: MessageId;
  readonly authorName?: string;
  readonly content: string;
  readonly messageType: string;
}

export interface Wording {
  readonly id: string;
  readonly collapseKey: string;
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly roomId: RoomId;
  readonly roomName: string;
  readonly roomType: RoomType;
  readonly withText: boolean;
  readonly spoken: ReadonlyMap<Seq, Spoken>;
}

/** `told` is not empty, and in the order of its sequences. */
export function notificationOf(told: readonly Told[], wording: Wording): Notification {
  const { withText, spoken, ...names } = wording;
  const [first] = told;
  const last = told.at(-1);
  if (first === undefined || last === undefined) throw new Error("a notification of nothing");
  const { occasion } = last;
  const reason = told.reduce((best, one) => (isStronger(one.reason, best) ? one.reason : best), last.reason);
  const message = spoken.get(occasion.seq);
  const who = message?.authorName ?? occasion.author;
  return {
    ...names,
    reason,
    count: told.length,
    title: cut(names.roomType === "direct" ? who : names.roomName, NOTIFY_TITLE_LENGTH_MAX),
    body: cut(
      bodyOf(told.length, last, { who, message, withText, isDirect: names.roomType === "direct" }),
      NOTIFY_BODY_LENGTH_MAX,
    ),
    author: occasion.author,
    ...(message?.authorName !== undefined && { authorName: message.authorName }),
    ...(message !== undefined && { messageId: message.messageId }),
    fromSeq: first.occasion.seq,
    toSeq: occasion.seq,
    at: occasion.at,
  };
}

interface Saying {
  readonly who: string;
  readonly message: Spoken | undefined;
  readonly withText: boolean;
  readonly isDirect: boolean;
}

const WITHOUT_WORDS: Readonly<Record<string, string>> = {
  image: "an image",
  file: "a file",
  audio: "an audio message",
  video: "a video",
  poll: "a poll",
};

function bodyOf(count: number, { occasion, reason }: Told, { who, message, withText, isDirect }: Saying): string {
  if (occasion.kind === "invite") return `${who} invites you`;
  const more = count === 1 ? "" : ` (${count} new)`;
  const text = withText ? textOf(message) : "";
  if (text !== "") return isDirect ? `${text}${more}` : `${who}: ${text}${more}`;
  if (count > 1) return `${count} new messages`;
  switch (reason) {
    case "mention":
      return `${who} mentioned you`;
    case "mention_all":
      return `${who} mentioned everybody`;
    case "reply":
      return `${who} replied`;
    default:
      return `${who} sent ${WITHOUT_WORDS[message?.messageType ?? ""] ?? "a message"}`;
  }
}

/** One line. */
function textOf(message: Spoken | undefined): string {
  return (message?.content ?? "").replace(/\s+/g, " ").trim();
}

function cut(text: string, lengthMax: number): string {
  const letters = [...text];
  return letters.length <= lengthMax ? text : `${letters.slice(0, lengthMax - 1).join("")}…`;
}
