/** Answers of the assistant in a shard: what listeners are shown and when, what is saved, and who may end them. Virtual time. */
import { beforeEach, describe, expect, test } from "bun:test";
import { decodeEntries } from "../../../src/actors/log-codec.ts";
import type { Call } from "../../../src/actors/calls.ts";
import { messageIdOf, type RoomId, type Seq, type UserId } from "../../../src/base/ids.ts";
import {
  AI_CHECKPOINT_MS,
  AI_PIECE_INTERVAL_MS,
  AI_PIECE_INTERVAL_MS_MAX,
  AI_RETRY_MS,
  AI_WRITE_PATIENCE_MS,
  POSITION_INTERVAL_MS,
  ROOM_QUEUE_BYTES_MAX,
} from "../../../src/base/limits.ts";
import type {
  Assistant,
  AssistantListener,
  AssistantQuestion,
  AssistantRun,
} from "../../../src/domain/assistant/port.ts";
import type { LogEvent } from "../../../src/domain/room/events.ts";
import type { Append } from "../../support/scripted-journal.ts";
import { type ScriptedEdge, SmallShard, SmallWorld, TENANT } from "../../support/small-shard.ts";
import type { Frame } from "../../support/wire.ts";

const ROOM = "room" as RoomId;
const [ANN, BOB] = [1, 2] as const;

interface Asked {
  readonly question: AssistantQuestion;
  readonly listener: AssistantListener;
  stopped: boolean;
}

/** Says what the test says. */
class ScriptedAssistant implements Assistant {
  readonly isConfigured = true;
  readonly asked: Asked[] = [];

  start(question: AssistantQuestion, listener: AssistantListener): AssistantRun {
    const asked: Asked = { question, listener, stopped: false };
    this.asked.push(asked);
    return {
      stop: () => {
        asked.stopped = true;
      },
    };
  }

  recall(_tenant: unknown, _room: unknown, _user: unknown, done: (turns: readonly []) => void): void {
    done([]);
  }

  get last(): Asked {
    const last = this.asked.at(-1);
    if (last === undefined) throw new Error("nothing was asked");
    return last;
  }
}

let world: SmallWorld;
let assistant: ScriptedAssistant;
let shard: SmallShard;
let edge: ScriptedEdge;

beforeEach(() => {
  world = new SmallWorld();
  assistant = new ScriptedAssistant();
  shard = new SmallShard("here", world, undefined, {}, assistant);
  edge = shard.ownEdge();
  edge.open(ANN, "ann");
  edge.open(BOB, "bob");
  edge.ask(ANN, { type: "create_room", ref: "c", roomId: ROOM, name: "r", roomType: "public", enableAI: true });
  edge.join(BOB, ROOM);
  act();
});

function act(ms?: number): void {
  edge.post();
  shard.run(ms);
}

function question(text = "@ai hello"): Asked {
  edge.say(ANN, ROOM, text);
  act();
  return assistant.last;
}

function pieces(): readonly Frame[] {
  return edge.published.map(({ frame }) => frame).filter(({ type }) => type === "ai_response");
}

function log(): readonly LogEvent[] {
  const { segments } = world.store.currentLog(TENANT, ROOM) ?? { segments: [] };
  return segments.flatMap(({ firstSeq, entries }) => decodeEntries(firstSeq, entries));
}

function head(): Seq {
  return log().at(-1)?.seq ?? 0;
}

function kinds(): readonly string[] {
  return log()
    .map(({ kind }) => kind)
    .filter((kind) => kind.startsWith("answer_"));
}

describe("a growing answer", () => {
  test("its first piece is shown in the turn that brings it, the rest 25 times a second at most, and every letter once", () => {
    const { listener } = question();
    listener.began();
    listener.piece("a");
    world.run(1);
    expect(pieces().map(({ offset, text }) => [offset, text])).toEqual([[0, "a"]]);
    for (let i = 0; i < 200; i += 1) {
      listener.piece("bc");
      world.run(5);
    }
    world.run(2 * AI_PIECE_INTERVAL_MS);
    expect(pieces().length).toBeLessThanOrEqual(2 + 1_000 / AI_PIECE_INTERVAL_MS);
    let text = "";
    for (const piece of pieces()) {
      expect(piece["offset"]).toBe(text.length);
      text += String(piece["text"]);
    }
    expect(text).toBe(`a${"bc".repeat(200)}`);
  });

  test("of many is shown less often", () => {
    const all: Asked[] = [];
    for (let i = 0; i < 200; i += 1) {
      const room = `room-${i}` as RoomId;
      edge.ask(ANN, { type: "create_room", ref: `c${i}`, roomId: room, name: "r", roomType: "public", enableAI: true });
      edge.ask(ANN, { type: "send_message", ref: `s${i}`, roomId: room, content: "@ai hi" });
      act();
      all.push(assistant.last);
    }
    const before = pieces().length;
    for (let i = 0; i < 100; i += 1) {
      for (const { listener } of all) listener.piece("x");
      world.run(10);
    }
    expect((pieces().length - before) / 200).toBeLessThanOrEqual(2 + 1_000 / AI_PIECE_INTERVAL_MS_MAX);
    for (const { listener } of all) listener.ended({ state: "complete", sources: [] });
    world.run();
    // The next one is alone again.
    const { listener } = question();
    const alone = pieces().length;
    for (let i = 0; i < 100; i += 1) {
      listener.piece("x");
      world.run(10);
    }
    expect(pieces().length - alone).toBeGreaterThan(2 + 1_000 / AI_PIECE_INTERVAL_MS_MAX);
  });

  test("is saved with patience, and at its end; what people ask has none", () => {
    const appended: [readonly string[], number][] = [];
    shard.journal.onAppend = ({ segment, patienceMs, write }) => {
      appended.push([decodeEntries(segment.firstSeq, segment.entries).map(({ kind }) => kind), patienceMs]);
      write();
    };
    const { listener } = question();
    listener.piece("one ");
    world.run(AI_CHECKPOINT_MS + 50);
    listener.piece("two");
    listener.ended({ state: "complete", sources: [] });
    world.run();
    expect(appended).toEqual([
      [["message_sent", "message_sent"], 0],
      [["answer_extended"], AI_WRITE_PATIENCE_MS],
      [["answer_ended"], AI_WRITE_PATIENCE_MS],
    ]);
    appended.length = 0;
    const stopped = question("@ai again");
    stopped.listener.piece("three");
    world.run(1);
    edge.ask(ANN, { type: "stop_answer", ref: "s", roomId: ROOM, messageId: messageIdOf(head()) });
    act();
    expect(stopped.stopped).toBe(true);
    expect(appended.at(-1)).toEqual([["answer_ended"], 0]);
  });

  test("hurries its checkpoint as soon as somebody waits behind it, and not before", () => {
    const held: Append[] = [];
    const { listener } = question();
    shard.journal.onAppend = (append) => held.push(append);
    const before = shard.journal.hurries;
    listener.piece("one ");
    world.run(AI_CHECKPOINT_MS + 50);
    expect([held.length, shard.journal.hurries]).toEqual([1, before]);
    edge.say(BOB, ROOM, "hello");
    act();
    expect(shard.journal.hurries).toBe(before + 1);
    shard.journal.onAppend = undefined;
    held[0]?.write();
    world.run();
    expect(log().at(-1)).toMatchObject({ kind: "message_sent", content: "hello" });
  });

  test("tells listeners nothing of its checkpoints; what follows them is one unbroken run", () => {
    const { listener } = question();
    listener.piece("one ");
    world.run(AI_CHECKPOINT_MS + 50);
    listener.piece("two");
    const before = edge.published.length;
    world.run(AI_CHECKPOINT_MS + POSITION_INTERVAL_MS + 50);
    expect(kinds()).toEqual(["answer_extended", "answer_extended"]);
    expect(edge.published.slice(before).filter(({ frame }) => frame.type === "events")).toEqual([]);
    listener.ended({ state: "complete", sources: [] });
    world.run();
    const events = edge.published.map(({ frame }) => frame).filter(({ type }) => type === "events");
    for (const [i, { after }] of events.entries()) if (i > 0) expect(after).toBe(events[i - 1]?.["head"]);
    expect(events.at(-1)?.["head"]).toBe(head());
  });

  test("is saved once a second, each time what is new, and all of it once at the end", () => {
    const { listener } = question();
    listener.piece("one ");
    world.run(AI_CHECKPOINT_MS + 50);
    listener.piece("two ");
    listener.piece("three");
    world.run(AI_CHECKPOINT_MS + 50);
    listener.ended({ state: "complete", provider: "p", sources: [1] });
    world.run();
    const events = log();
    expect(kinds()).toEqual(["answer_extended", "answer_extended", "answer_ended"]);
    expect(events.flatMap((event) => (event.kind === "answer_extended" ? [[event.from, event.text]] : []))).toEqual([
      [0, "one "],
      [4, "two three"],
    ]);
    expect(events.at(-1)).toMatchObject({ content: "one two three", outcome: { state: "complete", provider: "p" } });
  });

  test("costs no event while nothing comes", () => {
    question();
    world.run(10 * AI_CHECKPOINT_MS);
    expect(kinds()).toEqual([]);
  });

  test("begins anew: nothing of the next provider is shown before the log says that the former text is void", () => {
    const { listener } = question();
    listener.piece("half");
    world.run(AI_CHECKPOINT_MS + 50);
    listener.began();
    listener.piece("whole");
    world.run();
    const shown = edge.published.map(({ frame }) => frame);
    const restart = shown.findIndex((frame) => JSON.stringify(frame).includes('"attempt":2,"content":""'));
    const next = shown.findIndex((frame) => frame.type === "ai_response" && frame["attempt"] === 2);
    expect(restart).toBeGreaterThan(0);
    expect(next).toBeGreaterThan(restart);
    expect(shown[next]).toMatchObject({ offset: 0, text: "whole" });
    listener.ended({ state: "complete", sources: [] });
    world.run();
    expect(log().at(-1)).toMatchObject({ content: "whole", outcome: { attempt: 2 } });
  });

  test("a provider that begins anew before its first word leaves no trace", () => {
    const { listener } = question();
    listener.began();
    listener.began();
    listener.piece("x");
    listener.ended({ state: "complete", sources: [] });
    world.run();
    expect(kinds()).toEqual(["answer_ended"]);
  });

  test("who begins to listen gets what the others were shown, and then the same pieces as they", () => {
    const { listener } = question();
    listener.piece("one ");
    world.run(1);
    // Not shown to anybody yet.
    listener.piece("two ");
    edge.open(3, "cleo");
    edge.join(3, ROOM);
    edge.post();
    world.run(1);
    const told = edge.frames.filter(({ no, frame }) => no === 3 && frame.type === "ai_response");
    expect(told.map(({ frame }) => [frame["offset"], frame["text"]])).toEqual([[0, "one "]]);
    world.run(AI_PIECE_INTERVAL_MS + 5);
    expect(pieces().at(-1)).toMatchObject({ offset: 4, text: "two " });
  });
});

describe("the end of an answer", () => {
  test("without a word says why there is none", () => {
    for (const text of ["", " \n "]) {
      const { listener } = question(`@ai hello${text.length}`);
      listener.piece(text);
      listener.ended({ state: "failed", reason: "provider_failed", sources: [] });
      world.run();
      expect(log().at(-1)).toMatchObject({ kind: "answer_ended", content: "The assistant could not answer." });
    }
  });

  test("whoever stops it keeps all that was said, and what comes later is not heard", () => {
    const asked = question();
    asked.listener.piece("so far");
    world.run(1);
    const answer = log().findLast((event) => event.kind === "message_sent");
    const messageId = `msg_${(answer?.seq ?? 0).toString(36)}`;
    edge.ask(ANN, { type: "stop_answer", ref: "stop", roomId: ROOM, messageId });
    act();
    expect(asked.stopped).toBe(true);
    asked.listener.piece(" and more");
    asked.listener.ended({ state: "complete", sources: [] });
    world.run(2 * AI_CHECKPOINT_MS);
    expect(kinds()).toEqual(["answer_ended"]);
    expect(log().at(-1)).toMatchObject({ content: "so far", outcome: { state: "cancelled", reason: "stopped" } });
  });

  test("that begins anew while the room may write nothing, and is stopped then, has one provider's words", () => {
    const { listener } = question();
    const messageId = messageIdOf(head());
    listener.piece("half");
    world.run(AI_CHECKPOINT_MS + 50);
    const held: Append[] = [];
    shard.journal.onAppend = (append) => held.push(append);
    const content = "x".repeat(4_900);
    // What is being written first, and a queue that is full behind it.
    for (let bytes = -content.length; bytes < ROOM_QUEUE_BYTES_MAX; bytes += content.length) {
      edge.ask(BOB, { type: "send_message", ref: `${bytes}`, roomId: ROOM, content });
      if (bytes < 0) act();
    }
    act();
    listener.began();
    listener.piece("whole");
    world.run(1);
    shard.journal.onAppend = undefined;
    for (const append of held) append.write();
    world.run(AI_RETRY_MS / 10);
    edge.ask(ANN, { type: "stop_answer", ref: "stop", roomId: ROOM, messageId });
    act();
    expect(log().at(-1)).toMatchObject({ content: "half", outcome: { state: "cancelled", attempt: 1 } });
  });

  test("with its message, when that is deleted, or with the room", () => {
    const first = question();
    first.listener.piece("secret");
    world.run(1);
    const answer = log().findLast((event) => event.kind === "message_sent");
    const messageId = `msg_${(answer?.seq ?? 0).toString(36)}`;
    edge.ask(ANN, { type: "delete_message", ref: "d", roomId: ROOM, messageId });
    act();
    expect(first.stopped).toBe(true);
    expect(kinds()).toEqual([]);
    const second = question("@ai again");
    edge.ask(ANN, { type: "delete_room", ref: "r", roomId: ROOM });
    act();
    expect(second.stopped).toBe(true);
    second.listener.ended({ state: "complete", sources: [] });
    world.run(2_000);
    expect(log().at(-1)?.kind).toBe("room_deleted");
  });

  test("another node took the room: its activation ends the answer, the former one says nothing more", () => {
    const asked = question();
    asked.listener.piece("here");
    world.run(AI_CHECKPOINT_MS + 50);
    const other = new SmallShard("there", world, undefined, {}, new ScriptedAssistant());
    const elsewhere = other.ownEdge();
    elsewhere.open(7, "cleo");
    elsewhere.join(7, ROOM);
    elsewhere.post();
    other.run();
    asked.listener.piece(" and there");
    world.run(10_000);
    expect(kinds()).toEqual(["answer_extended", "answer_ended"]);
    expect(log().findLast(({ kind }) => kind === "answer_ended")).toMatchObject({
      content: "here",
      outcome: { state: "failed", reason: "interrupted" },
    });
    expect(asked.stopped).toBe(true);
  });

  test("a store that is away delays it, and it comes once", () => {
    const { listener } = question();
    listener.piece("text");
    world.run(1);
    let lost = 0;
    shard.journal.onAppend = (append) => {
      lost += 1;
      // The answer to the first write is lost; then the store is itself again.
      append.write("unknown");
      shard.journal.onAppend = undefined;
    };
    listener.ended({ state: "complete", sources: [] });
    world.run(5_000);
    expect([lost, kinds()]).toEqual([1, ["answer_ended"]]);
  });
});

test("a private question of a person who is erased is answered at once, and asked of nobody", () => {
  const reads: (() => void)[] = [];
  shard.journal.onReadRange = (_fail, read) => reads.push(read);
  const by = { tenant: TENANT, userId: "ann" as UserId };
  const question = { to: "room", room: ROOM, kind: "ask", question: "why?" } as const;
  edge.writer.call(1, { ...by, role: "user" }, question);
  edge.writer.call(2, { ...by, userId: "bob" as UserId, role: "user" }, question);
  act();
  shard.journal.onReadRange = undefined;
  const ask = { do: "erase_member", userId: by.userId } as const;
  edge.writer.call(3, { ...by, role: "system" }, { to: "room", room: ROOM, kind: "keep", ask });
  act();
  expect([...edge.replies.keys()].sort()).toEqual([1, 3]);
  expect(edge.replies.get(1)).toMatchObject({ ok: false, error: { code: "unavailable" } });
  for (const read of reads) read();
  act();
  expect(assistant.asked.map(({ question: { user } }) => String(user))).toEqual(["bob"]);
});

test("a private question is taken back by whoever asked it and by nobody else, before it is asked and while it is answered", () => {
  const by = { tenant: TENANT, userId: "ann" as UserId, role: "user" } as const;
  const bob = { ...by, userId: "bob" as UserId };
  const question = { to: "room", room: ROOM, kind: "ask", question: "why?", askId: "q" } as const;
  const takeBack = { to: "room", room: ROOM, kind: "messages", seqs: [], takeBack: "q" } as const;
  const own = { to: "user", user: by.userId, kind: "ask_assistant", question: "who?", askId: "q" } as const;
  edge.writer.call(1, by, question);
  edge.writer.call(2, bob, question);
  edge.writer.call(3, by, own);
  act();
  edge.writer.call(4, by, takeBack);
  act();
  const runs = assistant.asked.map(({ question: { user, room }, stopped }) => [String(user), String(room), stopped]);
  expect(runs.sort()).toEqual([
    ["ann", String(ROOM), true],
    ["ann", "undefined", false],
    ["bob", String(ROOM), false],
  ]);
  expect([...edge.replies.keys()].sort()).toEqual([1, 4]);
  edge.writer.call(5, by, { to: "user", user: by.userId, kind: "unread_counts", takeBack: "q" });
  act();
  expect(assistant.asked.filter(({ stopped }) => stopped)).toHaveLength(2);
  const reads: (() => void)[] = [];
  shard.journal.onReadRange = (_fail, read) => reads.push(read);
  edge.writer.call(6, by, question);
  act();
  edge.writer.call(7, by, takeBack);
  act();
  shard.journal.onReadRange = undefined;
  for (const read of reads) read();
  act();
  expect([reads.length > 0, assistant.asked.length]).toEqual([true, 3]);
  expect(edge.replies.get(6)).toMatchObject({ ok: false, error: { code: "ai_failed" } });
});

test("what a newer version asks is answered, and ends no shard", () => {
  const by = { tenant: TENANT, userId: "ann" as UserId, role: "user" } as const;
  for (const [callNo, to] of [
    { to: "room", room: ROOM },
    { to: "user", user: by.userId },
  ].entries()) {
    edge.writer.call(callNo + 1, by, { ...to, kind: "of_tomorrow" } as unknown as Call);
  }
  act();
  for (const callNo of [1, 2])
    expect(edge.replies.get(callNo)).toMatchObject({ ok: false, error: { code: "unavailable" } });
});

test("a question that is deleted before it is asked goes to nobody", () => {
  const messageId = messageIdOf(head() + 1);
  edge.say(ANN, ROOM, "@ai what is wrong with hunter2?");
  edge.ask(ANN, { type: "delete_message", ref: "d", roomId: ROOM, messageId });
  act();
  expect(assistant.asked).toEqual([]);
  world.run(AI_WRITE_PATIENCE_MS);
  expect(log().at(-1)).toMatchObject({ kind: "answer_ended", outcome: { state: "cancelled", reason: "stopped" } });
});

test("a summary is of all when nothing is unread that shows something", () => {
  edge.say(BOB, ROOM, "the news");
  act();
  edge.ask(ANN, { type: "mark_read", ref: "m", roomId: ROOM, seq: head() });
  act(1_000);
  edge.say(BOB, ROOM, "a slip");
  act();
  edge.ask(BOB, { type: "delete_message", ref: "d", roomId: ROOM, messageId: messageIdOf(head()) });
  act();
  expect(question("@ai summarize").question.context.map(({ content }) => content)).toEqual(["the news"]);
});

test("the assistant sees what the asker may see: edits, pseudonyms, no deleted words", () => {
  edge.ask(ANN, { type: "update_room", ref: "u", roomId: ROOM, allowAnonymous: true });
  edge.ask(BOB, { type: "send_message", ref: "a", roomId: ROOM, content: "nobody knows me", anonymous: true });
  edge.say(BOB, ROOM, "gone");
  act();
  const gone = log().findLast((event) => event.kind === "message_sent");
  edge.ask(BOB, { type: "delete_message", ref: "g", roomId: ROOM, messageId: `msg_${(gone?.seq ?? 0).toString(36)}` });
  act();
  const { question: given } = question("@assistant who said that?");
  expect(given.context.map(({ content }) => content)).toEqual(["nobody knows me"]);
  expect(given.context[0]?.author).not.toBe("bob");
  expect([given.task, given.text]).toEqual(["answer", "who said that?"]);
});
