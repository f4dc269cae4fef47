/**
 * Takes out of a log who wrote without a name and who voted in a poll that shows nobody: ADR 26 says why. What was done under
 * a pseudonym is done by the pseudonym; a vote is somebody's who is nobody else. The log that comes out hangs together as the
 * engine would have written it, so that no row that follows from it tells more.
 * Invariant: what is disguised has no idempotency key; keys of one connection would tell that two people are one.
 */
import { createHmac } from "node:crypto";
import type { UserId } from "../base/ids.ts";
import { placeInThread } from "../domain/room/decide/threads.ts";
import type { DomainEvent, LogEvent, MessageSent, PollVoted } from "../domain/room/events.ts";
import type { Reported } from "../domain/room/moderation-events.ts";
import type { RoomState } from "../domain/room/state.ts";

const VOTER_PREFIX = "voter_";
const VOTER_CHARS = 20;

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
      case "held_resolved":
        return event.userAs === undefined ? event : { ...event, author: event.userAs };
      default:
        break;
    }
    return event.as === undefined ? event : unkeyed({ ...event, by: event.as });
  }

  #vote(event: PollVoted): PollVoted {
    if (this.#state.messages.get(event.target)?.poll?.anonymous !== true) return event;
    this.#isNeeded = true;
    const hash = createHmac("sha256", this.#secret).update(`${event.target}#${event.by}`).digest("hex");
    return unkeyed({ ...event, by: (VOTER_PREFIX + hash.slice(0, VOTER_CHARS)) as UserId });
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

function unkeyed<Event extends DomainEvent>(event: Event): Event {
  const { clientId: _clientId, bodyHash: _bodyHash, ...rest } = event;
  // What was taken out may be absent.
  return rest as unknown as Event;
}
