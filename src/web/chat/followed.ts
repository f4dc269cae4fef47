/** Messages that one author wrote one after the other are shown as one. */
import type { MessageView } from "../../client/stoa-chat.ts";

const GROUP_MS = 5 * 60_000;

export interface Followed {
  readonly authorId: string;
  readonly messageType: MessageView["messageType"];
  readonly timestamp: number;
  readonly replyTo?: string | undefined;
}

export function continues(before: Followed | undefined, message: Followed): boolean {
  return (
    before !== undefined &&
    before.authorId === message.authorId &&
    before.messageType !== "system" &&
    message.messageType !== "system" &&
    message.replyTo === undefined &&
    message.timestamp - before.timestamp < GROUP_MS
  );
}
