/**
 * Checks of what clients were sent (4, 5, 8): from its start, or from a named loss, a room's stream has every event that is
 * for clients, as the log has it, in order and once. A repetition is only right as the answer to an open question.
 */
import type { RoomId, Seq, UserId } from "../../src/base/ids.ts";
import type { LogEvent } from "../../src/domain/room/events.ts";
import type { ClientHistory, History, Seen } from "./history.ts";
import type { Violate } from "./history-checker.ts";
import {
  eventsOf,
  isEarlierResult,
  isOwnQuietDeparture,
  isThreadSummary,
  logLine,
  type Membership,
  membershipsOf,
  seenLine,
} from "./log-facts.ts";
import { isTemporary } from "./request-frames.ts";

interface Question {
  readonly connection: number;
  readonly since: Seq | undefined;
}

export function checkStreams(history: History, violate: Violate): void {
  for (const log of history.logs) {
    const events = eventsOf(log);
    const members = membershipsOf(events);
    for (const client of history.clients) {
      const seen = client.rooms.get(log.room) ?? [];
      new Stream(client, log.room, events, violate).check(seen);
      if (log.isPrivate) checkRecipient(client, log.room, seen, members.get(client.user) ?? [], violate);
    }
  }
}

class Stream {
  readonly #name: string;
  readonly #user: UserId;
  readonly #events: readonly LogEvent[];
  readonly #violate: Violate;
  readonly #open = new Map<number, Question>();
  #head: Seq | undefined;

  constructor(client: ClientHistory, room: RoomId, events: readonly LogEvent[], violate: Violate) {
    this.#user = client.user;
    this.#name = `${client.name} ${room}`;
    this.#events = events;
    this.#violate = violate;
  }

  check(seen: readonly Seen[]): void {
    for (const step of seen) {
      switch (step.kind) {
        case "asked":
          this.#open.set(step.ref, { connection: step.connection, since: step.since });
          break;
        case "events":
          this.#received(step);
          break;
        case "position":
          this.#positioned(step);
          break;
        case "left":
          break;
      }
    }
  }

  #received({ connection, after, head, events }: Extract<Seen, { kind: "events" }>): void {
    const place = `${this.#name} connection ${connection}: frame (${after}, ${head}]`;
    const known = this.#head ?? after;
    if (after > known && !this.#startsAnew(connection))
      this.#violate("4 gap", `${place} came when the client had ${known}`);
    if (after < known && !this.#isAsked(connection, after)) {
      this.#violate("4 repeated", `${place} came unasked when the client had ${known}`);
    }
    const got = events
      .filter((event) => !isThreadSummary(event) && !isOwnQuietDeparture(event, this.#user, this.#events))
      .map(seenLine);
    const shown = new Set(got);
    const expected = this.#events.slice(after, head).flatMap((event) => {
      const line = logLine(event);
      // Results of a poll may be told once for several votes, never without the last ones.
      const isSummedUp = line !== undefined && !shown.has(line) && isEarlierResult(event, this.#events);
      return line === undefined || isSummedUp ? [] : [line];
    });
    if (head > this.#events.length)
      this.#violate("5 not in the log", `${place}, but the log ends at ${this.#events.length}`);
    const differs = Math.max(expected.length, got.length) > 0 && expected.join("\n") !== got.join("\n");
    if (differs)
      this.#violate("5 not in the log", `${place} has [${got.join("; ")}], the log [${expected.join("; ")}]`);
    this.#head = Math.max(known, head);
  }

  #isAsked(connection: number, after: Seq): boolean {
    for (const question of this.#open.values()) {
      if (question.connection === connection && question.since !== undefined && question.since <= after) return true;
    }
    return false;
  }

  /** A question without a place: what came before it is not asked for. */
  #startsAnew(connection: number): boolean {
    for (const question of this.#open.values()) {
      if (question.connection === connection && question.since === undefined) return true;
    }
    return false;
  }

  #positioned({ connection, ref, position }: Extract<Seen, { kind: "position" }>): void {
    const question = this.#open.get(ref);
    // An edge that waited in vain says so; what the room replays may come all the same.
    if (position.error === undefined || !isTemporary(position.error)) this.#open.delete(ref);
    if (position.error !== undefined) return;
    const place = `${this.#name} connection ${connection}: position ${position.head}`;
    const since = question?.since;
    if (position.head > this.#events.length)
      this.#violate("5 not in the log", `${place}, the log ends at ${this.#events.length}`);
    if (since !== undefined && position.head < since)
      this.#violate("4 fell back", `${place} after the client had ${since}`);
    if (position.missing === undefined && since !== undefined && position.head > (this.#head ?? 0)) {
      this.#violate("4 gap", `${place}, but the client has only ${this.#head}`);
    }
    this.#head = Math.max(this.#head ?? 0, position.head);
  }
}

/** Members may read all that came before; those who left get nothing of what came after, unless they were taken back. */
function checkRecipient(
  client: ClientHistory,
  room: RoomId,
  seen: readonly Seen[],
  spans: readonly Membership[],
  violate: Violate,
): void {
  const until = spans.at(-1)?.to ?? 0;
  for (const step of seen) {
    if (step.kind !== "events") continue;
    for (const { seq } of step.events) {
      if (seq <= until) continue;
      violate("8 recipients", `${client.name} ${room} connection ${step.connection} got seq ${seq} as no member`);
    }
  }
}
