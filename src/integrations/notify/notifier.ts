/**
 * Port of the ways by which notifications leave the engine. What is sent again has the same id, so whoever receives it can tell.
 */
import type { Notification } from "../../domain/notify/notification.ts";

/**
 * `sent`: it was taken. `refused`: it never will be. `later`: not now, for reasons that concern all of them: it is asked again.
 */
export type SendOutcome = "sent" | "refused" | "later";

export interface Notifier {
  readonly name: "sqs" | "sns" | "webhook";
  /** Answers in bounded time. */
  send(notification: Notification): Promise<SendOutcome>;
  close(): void;
}

/** As it leaves the engine; fields are added, none changes its meaning. */
export function messageOf({ at, ...rest }: Notification): string {
  return JSON.stringify({ type: "notification", version: 1, ...rest, at: new Date(at).toISOString() });
}
