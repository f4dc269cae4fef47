/**
 * What somebody has to be to follow the logs of all rooms: search, webhooks, notifications, figures. What is delivered of one
 * log is in order and without a gap, at least once: after a crash, or while two nodes follow one log, some of it comes again.
 */
import type { Seq } from "../base/ids.ts";
import type { LogEvent } from "../domain/room/events.ts";
import type { LogKey } from "../storage/journal.ts";

/** Events of one log, as they stand there now: what was erased is not among them. */
export interface LogRun {
  readonly log: LogKey;
  /** Everything up to here was delivered, or is gone: the front of a log may be removed before its followers come. */
  readonly after: Seq;
  readonly events: readonly LogEvent[];
  /** Up to here the run reaches. */
  readonly to: Seq;
  /** When its last segment was written, milliseconds since 1970. Of one that skims there may be no event that says so. */
  readonly atMs: number;
}

/** `durable`: it need not come again. `later`: not now; it comes again after a pause that grows. */
export type Delivered = "durable" | "later";

/** What a log lost: messages that were erased, everything up to a place (retention), or all of it. */
export type Forgotten =
  | { readonly what: "seqs"; readonly seqs: readonly Seq[] }
  | { readonly what: "front"; readonly upTo: Seq }
  | { readonly what: "log" };

/** How a consumer wants to be told that has no hurry: much at once, of few logs. */
export interface Pace {
  /** For so long a log is left alone after something new was heard of, milliseconds; then all of it comes. */
  readonly delayMs: number;
  /** Events of a run; and logs at once. */
  readonly eventsMax: number;
  readonly logsAtOnce: number;
}

export interface LogConsumer {
  /** Letters and digits; never another one's. */
  readonly name: string;
  /** Names what it keeps, where that can be lost and made anew: with another name it begins from the start. */
  readonly generation?: string;
  /** It wants to know only how far logs reach: a run is all there is, with the events of the newest segment alone. */
  readonly skims?: true;
  /** Absent: all logs. What it does not follow costs nothing, and stays where it is until it follows it again. */
  follows?(log: LogKey): boolean;
  /** Absent: at once. */
  readonly pace?: Pace;
  /** One run of a log at a time; runs of several logs at once. */
  deliver(run: LogRun, done: (outcome: Delivered) => void): void;
  /** Nothing more comes before some of what was delivered is answered: what it collects is to be written now. */
  flush?(): void;
  /** Answered when nothing of it is kept any more. The log has lost it already. */
  forget?(log: LogKey, what: Forgotten, done: (outcome: Delivered) => void): void;
}

export function isFollowing(consumer: Pick<LogConsumer, "follows">, log: LogKey): boolean {
  return consumer.follows === undefined || consumer.follows(log);
}

/** Under which its positions stand. */
export function positionsOf({ name, generation }: Pick<LogConsumer, "name" | "generation">): string {
  return generation === undefined ? name : `${name}.${generation}`;
}

/** How far behind one consumer is. */
export interface Lag {
  /** Logs with something that it has not dealt with. */
  readonly logs: number;
  /** Events of theirs, as far as it has heard of them. */
  readonly events: number;
  /** For how long the oldest of them has been waiting, milliseconds. */
  readonly ms: number;
  /** Logs whose entries cannot be read: looked at again and again, and in none of the other figures. Absent: none. */
  readonly unreadable?: number;
}
