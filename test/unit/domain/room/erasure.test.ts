/** Taking a person out of events and rows: of random logs, and of each kind that has words. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { decodeEntries, encodeEntries } from "../../../../src/actors/log-codec.ts";
import type { Seq, UserId } from "../../../../src/base/ids.ts";
import { apply } from "../../../../src/domain/room/apply.ts";
import { emptyRoomState } from "../../../../src/domain/room/empty-state.ts";
import {
  type Erasure,
  erasedEvent,
  erasedItem,
  erasedRow,
  isMessageOf,
  withoutQuotes,
} from "../../../../src/domain/room/erasure.ts";
import type { LogEvent } from "../../../../src/domain/room/events.ts";
import { nameEntry } from "../../../../src/domain/room/name-index.ts";
import { play } from "./play.ts";
import { roomTypes, steps } from "./random-commands.ts";

const BOB = "bob" as UserId;
const TOKEN = "zqxtokenzqx";

/** The event as if bob had said the token wherever he said anything. */
function planted(event: LogEvent): LogEvent {
  if (event.kind === "fence") return event;
  const own = event.by === BOB && event.clientId !== undefined ? { ...event, clientId: `${TOKEN}${event.seq}` } : event;
  switch (own.kind) {
    case "message_sent":
      if (own.by !== BOB) return own;
      return { ...own, content: TOKEN, authorAvatar: TOKEN, ...(own.as === undefined && { authorName: TOKEN }) };
    case "message_edited":
      return own.by === BOB ? { ...own, content: TOKEN } : own;
    case "member_joined":
    case "member_left":
      return own.userId === BOB ? { ...own, name: TOKEN } : own;
    case "message_held":
      return own.by === BOB ? { ...own, authorAvatar: TOKEN, message: { ...own.message, content: TOKEN } } : own;
    case "reported":
      return own.by === BOB || own.userId === BOB ? { ...own, reason: TOKEN, details: TOKEN, excerpt: TOKEN } : own;
    case "report_resolved":
    case "member_banned":
    case "member_muted":
      return own.by === BOB || own.userId === BOB ? { ...own, reason: TOKEN } : own;
    case "join_requested":
      return own.by === BOB ? { ...own, name: TOKEN, message: TOKEN } : own;
    default:
      return own;
  }
}

function erasureOf(log: readonly LogEvent[]): Erasure {
  const isTheirs = (seq: Seq): boolean => {
    const event = log[seq - 1];
    return event !== undefined && isMessageOf(event, BOB);
  };
  return { userId: BOB, isTheirs, isReply: () => false };
}

describe("an erasure", () => {
  test("takes the words out of every event of a random log, once, and leaves its shape", () => {
    fc.assert(
      fc.property(roomTypes, steps, (type, script) => {
        const log = play(type, script).driver.log.map(planted);
        const erasure = erasureOf(log);
        const erased = log.map((event) => erasedEvent(event, erasure));
        expect(JSON.stringify(erased)).not.toContain(TOKEN);
        expect(erased.map((event) => erasedEvent(event, erasure))).toEqual(erased);
        for (const event of erased) expect(erasedEvent(event, erasure)).toBe(event);
        const shape = ({ seq, kind, timestamp }: LogEvent) => [seq, kind, timestamp];
        expect(erased.map(shape)).toEqual(log.map(shape));
        expect(decodeEntries(1, encodeEntries(erased))).toEqual(JSON.parse(JSON.stringify(erased)));
        const [before, after] = [emptyRoomState(), emptyRoomState()];
        for (const event of log) apply(before, event);
        for (const event of erased) apply(after, event);
        const counts = ({ head, messageCount, memberCount, ownerCount, banCount, requestCount }: typeof before) => {
          return { head, messageCount, memberCount, ownerCount, banCount, requestCount };
        };
        expect(counts(after)).toEqual(counts(before));
        expect([...after.pins.keys()]).toEqual([...before.pins.keys()]);
      }),
      { numRuns: 100 },
    );
  });

  test("takes out of replies what they quote line by line, and nothing else", () => {
    expect(withoutQuotes("> one\n  > two\nthree > four")).toBe("> …\n> …\nthree > four");
    expect(withoutQuotes("> …\nI agree")).toBe("> …\nI agree");
    expect(withoutQuotes("a -> b")).toBe("a -> b");
  });

  test("knows whose answer of the assistant it is", () => {
    const run = { task: "answer", asker: BOB, question: 3 } as const;
    const base = { seq: 4, timestamp: 1, messageNo: 2, messageType: "ai_response", content: "" } as const;
    const answer: LogEvent = { kind: "message_sent", by: "assistant" as UserId, ...base, run };
    const erasure = erasureOf([answer, answer, answer, answer]);
    const outcome = { state: "complete", attempt: 1 } as const;
    const common = { seq: 5, timestamp: 1, by: "assistant" as UserId, target: 4 };
    const ended: LogEvent = { kind: "answer_ended", ...common, content: TOKEN, outcome };
    expect(erasedEvent(ended, erasure)).toMatchObject({ content: "" });
    expect(erasedEvent({ kind: "answer_extended", ...common, from: 0, text: TOKEN }, erasure)).toMatchObject({
      text: "",
    });
    const others = erasureOf([]);
    const extended: LogEvent = { kind: "answer_extended", ...common, from: 0, text: TOKEN };
    expect([erasedEvent(ended, others), erasedEvent(extended, others)]).toEqual([ended, extended]);
  });

  test("leaves a log that can be replayed from a snapshot within an answer, whatever of it is erased", () => {
    const common = { timestamp: 1, by: "assistant" as UserId, target: 2 };
    const run = { task: "answer", asker: BOB, question: 1 } as const;
    const log: readonly LogEvent[] = [
      { kind: "message_sent", seq: 1, timestamp: 1, by: BOB, messageNo: 1, messageType: "text", content: TOKEN },
      { kind: "message_sent", ...common, seq: 2, messageNo: 2, messageType: "ai_response", content: "", run },
      { kind: "answer_extended", ...common, seq: 3, from: 0, text: TOKEN },
      { kind: "answer_extended", ...common, seq: 4, from: TOKEN.length, text: "more" },
      { kind: "answer_ended", ...common, seq: 5, content: `${TOKEN}more`, outcome: { state: "complete", attempt: 1 } },
    ];
    const erasure = erasureOf(log);
    for (let snapshotAt = 0; snapshotAt <= log.length; snapshotAt += 1) {
      const state = emptyRoomState();
      for (const event of log.slice(0, snapshotAt)) apply(state, event);
      for (const event of log.slice(snapshotAt)) apply(state, erasedEvent(event, erasure));
      expect([state.head, state.runs.size, state.messageCount]).toEqual([5, 0, 2]);
    }
  });

  test("of rows keeps what others did, and gives the same row back where there is nothing", () => {
    const report = {
      reportId: "m1",
      userId: "ann" as UserId,
      openedAt: 1,
      count: 2,
      reporters: [
        { by: BOB, at: 1, reason: TOKEN, details: TOKEN },
        { by: "cyd" as UserId, at: 2, reason: "rude" },
      ],
    };
    const erased = erasedItem("reports", "om1", report, BOB);
    expect(erased).toEqual({
      ...report,
      reporters: [
        { by: BOB, at: 1, reason: "" },
        { by: "cyd", at: 2, reason: "rude" },
      ],
    });
    expect(erasedItem("reports", "om1", erased as object, BOB)).toBe(erased as object);
    const resolved = { by: "cyd" as UserId, at: 3, action: "dismissed", reason: "no matter" } as const;
    expect(erasedItem("reports", "om1", { ...report, resolved }, BOB)).toMatchObject({ resolved });
    expect(erasedItem("reports", "om1", { ...report, resolved: { ...resolved, by: BOB } }, BOB)).toEqual({
      ...(erased as typeof report),
      resolved: { by: BOB, at: 3, action: "dismissed" },
    });
    const audit = { action: "member_banned", by: "ann", userId: "cyd", at: 1, reason: "spam" };
    expect(erasedItem("audit", "1", audit, BOB)).toBe(audit);
    expect(erasedItem("audit", "1", { ...audit, userId: BOB }, BOB)).toEqual({
      ...audit,
      userId: BOB,
      reason: undefined,
    });
    expect(erasedItem("names", nameEntry("Bob", BOB), {}, BOB)).toBeNull();
    const erasure = erasureOf([]);
    const row = { kind: "item", collection: "names", id: nameEntry(TOKEN, BOB), value: null } as const;
    expect(JSON.stringify(erasedRow(row, erasure))).not.toContain(TOKEN);
    const card = { kind: "message", seq: 3, overlay: { content: "kept" } } as const;
    expect(erasedRow(card, erasure)).toBe(card);
  });
});
