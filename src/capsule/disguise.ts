/**
 * Takes out of a log who wrote without a name and who voted in a poll that shows nobody: ADR 26 says why. What was done under
 * a pseudonym is done by the pseudonym; a vote is somebody's who is nobody else. The log that comes out hangs together as the
 * engine would have written it, so that no row that follows from it tells more.
 * Invariant: what is disguised has no idempotency key; keys of one connection would tell that two people are one.
 */
import { createHmac } from "node:crypto";
import type { ItemKey, UserId } from "../base/ids.ts";
import { placeInThread } from "../domain/room/decide/threads.ts";
import type { DomainEvent, LogEvent, MessageSent, PollVoted, ThreadFollowChanged } from "../domain/room/events.ts";
import { pseudonymKey } from "../domain/room/pseudonyms.ts";
import type { Reported } from "../domain/room/moderation-events.ts";
import type { RoomState } from "../domain/room/state.ts";

const VOTER_PREFIX = "voter_";
const FOLLOWER_PREFIX = "follower_";
const UPLOADER_PREFIX = "uploader_";
const STAND_IN_CHARS = 20;
/** Rows that tell whose a pseudonym is. */
const PERSONS_OF_PSEUDONYMS = pseudonymKey("" as UserId);

export class Disguise {
  readonly #secret: Uint8Array;
  readonly #state: RoomState;
  #isNeeded: boolean;

  /** `state`: of the disguised log so far, with all of its rows. `isNeeded`: something was disguised already. */
  constructor(state: RoomState, secret: Uint8Array, isNeeded: boolean) {
    this.#state = state;
    this.#secret = secret;
    this.#isNeeded = isNeeded;
  }

  /** Something was disguised: from then on followers of threads are made anew. */
  get isNeeded(): boolean {
    return this.#isNeeded;
  }

  of(event: LogEvent): LogEvent {
    if (event.kind === "fence") return event;
    if (event.kind === "poll_voted") return this.#vote(event);
    if (event.kind === "thread_follow_changed") return this.#follow(event);
    const shown = this.#named(event);
    if (shown !== event) this.#isNeeded = true;
    return this.#isNeeded && shown.kind === "message_sent" ? this.#placed(shown) : shown;
  }

  #named(event: DomainEvent): DomainEvent {
    switch (event.kind) {
      case "reported": {
        if (event.userAs === undefined) break;
        const { userAs, by, userId, ...rest } = event;
        // A rule reports in the author's name.
        const reported: Reported = { ...rest, userAs, userId: userAs, by: by === userId ? userAs : by };
        return unkeyed(reported);
      }
      case "report_resolved":
        return event.userAs === undefined ? event : { ...event, userId: event.userAs };
      case "file_added":
        // It may come to be attached to something without a name. Whoever brought it is somebody of this file alone.
        return unkeyed({ ...event, by: this.#standIn(UPLOADER_PREFIX, event.fileId) });
      case "rows_erased":
        return { ...event, items: event.items.filter(isShown).map(([key, row]) => [key, withoutAuthor(row)]) };
      case "held_resolved":
        return event.userAs === undefined ? event : { ...event, author: event.userAs };
      default:
        break;
    }
    if (event.kind === "message_sent" && event.run?.as !== undefined) {
      return { ...event, run: { ...event.run, asker: event.run.as } };
    }
    return event.as === undefined ? event : unkeyed({ ...event, by: event.as });
  }

  #vote(event: PollVoted): PollVoted {
    if (this.#state.messages.get(event.target)?.poll?.anonymous !== true) return event;
    this.#isNeeded = true;
    return unkeyed({ ...event, by: this.#standIn(VOTER_PREFIX, `${event.target}#${event.by}`) });
  }

  /** Whoever leaves a thread had begun to follow it, which may have been without a name. */
  #follow(event: ThreadFollowChanged): ThreadFollowChanged {
    if (!this.#isNeeded) return event;
    return unkeyed({ ...event, by: this.#standIn(FOLLOWER_PREFIX, `${event.root}#${event.by}`) });
  }

  /** The same for the same, and for nobody who does not know the secret anything more. */
  #standIn(prefix: string, name: string): UserId {
    const hash = createHmac("sha256", this.#secret).update(name).digest("hex");
    return (prefix + hash.slice(0, STAND_IN_CHARS)) as UserId;
  }

  /** Who follows a thread is said where they begin to: with whom the thread, as it is shown, has not yet. */
  #placed(event: MessageSent): MessageSent {
    const { thread, by, mentions } = event;
    const root = thread === undefined ? undefined : this.#state.messages.get(thread.root);
    if (thread === undefined || root == null) return event;
    const { followers: _former, ...place } = thread;
    const { followers } = placeInThread(root, by, mentions);
    return { ...event, thread: { ...place, ...(followers !== undefined && { followers }) } };
  }
}

function isShown([key]: readonly [ItemKey, object | null]): boolean {
  return !key.startsWith(PERSONS_OF_PSEUDONYMS);
}

/** Of a report about something that was written without a name. */
function withoutAuthor(row: object | null): object | null {
  return row !== null && "userAs" in row ? { ...row, userId: row.userAs } : row;
}

function unkeyed<Event extends DomainEvent>(event: Event): Event {
  const { clientId: _clientId, bodyHash: _bodyHash, ...rest } = event;
  // What was taken out may be absent.
  return rest as unknown as Event;
}
