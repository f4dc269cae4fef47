/** A list of messages after each kind of event. */
import { expect, test } from "bun:test";
import type { MessageId, RoomId, Seq, UserId } from "../../../src/base/ids.ts";
import { afterEvent } from "../../../src/client/timeline-changes.ts";
import type { MessageView, RoomEvent } from "../../../src/protocol/frames.ts";

const ME = "me" as UserId;
const message = (seq: number, more: Partial<MessageView> = {}): MessageView => ({
  messageId: `msg_${seq}` as MessageId,
  roomId: "room" as RoomId,
  seq: seq as Seq,
  messageNo: seq,
  authorId: "ann" as UserId,
  content: `m${seq}`,
  messageType: "text",
  timestamp: 0,
  ...more,
});
const event = (type: string, more: object): RoomEvent =>
  ({ type, seq: 9, timestamp: 90, ...more }) as unknown as RoomEvent;
const after = (messages: readonly MessageView[], ...events: readonly RoomEvent[]): readonly MessageView[] =>
  events.reduce((list, one) => afterEvent(list, one, ME), messages);
const change = (id: number, what: object, by = "ben"): RoomEvent =>
  event("message_updated", { messageId: `msg_${id}`, by, change: what });

test("messages stand in the room's order, each once, whenever they come", () => {
  const said = (seq: number): RoomEvent => event("new_message", { message: message(seq) });
  const list = after([message(5)], said(7), said(3), said(7), said(6), said(5));
  expect(list.map(({ seq }) => Number(seq))).toEqual([3, 5, 6, 7]);
});

test("an edit, a deletion and a thread change their message, and what is not there changes nothing", () => {
  const list = [message(1), message(2, { attachments: [] })];
  const edited = after(list, change(1, { kind: "content", content: "new" }));
  expect(edited[0]).toMatchObject({ content: "new", editedAt: 90 });
  const deleted = after(edited, event("message_deleted", { messageId: "msg_2", by: "ann" }));
  expect(deleted[1]).toMatchObject({ content: "", deletedAt: 90 });
  expect(deleted[1]).not.toHaveProperty("attachments");
  const thread = after(list, change(1, { kind: "thread", thread: { replyCount: 2, lastReplyAt: 80 } }));
  expect(thread[0]?.thread).toEqual({ participants: [], replyCount: 2, lastReplyAt: 80 });
  expect(after(thread, change(1, { kind: "thread", thread: { replyCount: 0 } }))[0]).not.toHaveProperty("thread");
  expect(after(list, change(8, { kind: "content", content: "?" }), event("user_joined", {}))).toBe(list);
});

test("reactions keep their places and counts; one's own are marked; applied twice they are the same", () => {
  const react = (emoji: string, added: boolean, count: number, by = "ben"): RoomEvent =>
    change(1, { kind: "reaction", emoji, added, count }, by);
  const events = [react("👍", true, 1), react("🎉", true, 1, "me"), react("👍", true, 2, "me")];
  const list = after([message(1)], ...events);
  const shown = { "👍": { count: 2, users: ["ben", "me"], mine: true }, "🎉": { count: 1, users: ["me"], mine: true } };
  expect<unknown>(list[0]?.reactions).toEqual(shown);
  expect(Object.keys(list[0]?.reactions ?? {})).toEqual(["👍", "🎉"]);
  expect(after(list, ...events)).toEqual([...list]);
  const less = after(list, react("👍", false, 1, "me"), react("🎉", false, 0, "me"));
  expect<unknown>(less[0]?.reactions).toEqual({ "👍": { count: 1, users: ["ben"] } });
});

test("a poll shows its results; other messages have none", () => {
  const options = [
    { text: "a", votes: 0 },
    { text: "b", votes: 0 },
  ];
  const poll = { question: "?", options, choicesMax: 1, isAnonymous: false, isClosed: false, voters: 0 };
  const votes = (id: number): RoomEvent =>
    change(id, { kind: "poll", poll: { votes: [2, 1], voters: 3, isClosed: true } });
  const list = after([message(1, { poll }), message(2)], votes(1), votes(2));
  expect(list[0]?.poll).toMatchObject({
    options: [
      { text: "a", votes: 2 },
      { text: "b", votes: 1 },
    ],
    voters: 3,
    isClosed: true,
  });
  expect(list[1]).toEqual(message(2));
});

test("an answer that ends, or begins anew, says all", () => {
  const answer = { state: "streaming", attempt: 1, task: "ask", question: "msg_1" as MessageId, askedBy: ME } as const;
  const list = [message(2, { content: "Hello", answer })];
  const of = { messageId: "msg_2" };
  const anew = after(list, event("ai_response", { ...of, content: "", state: "streaming", attempt: 2 }));
  expect(anew[0]).toMatchObject({ content: "", answer: { state: "streaming", attempt: 2 } });
  const outcome = { content: "Anew and whole", state: "complete", attempt: 2, provider: "p" };
  const end = event("ai_response", { ...of, ...outcome });
  expect(after(anew, end)[0]).toMatchObject({
    content: "Anew and whole",
    answer: { state: "complete", provider: "p", task: "ask" },
  });
});
