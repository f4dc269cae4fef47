/** Answers of the assistant that grow: whatever comes first, the page or the pieces, all of what was told is shown. */
import { expect, test } from "bun:test";
import type { MessageId, RoomId, Seq, UserId } from "../../../src/base/ids.ts";
import type { StoaClient } from "../../../src/client/client.ts";
import { Emitter } from "../../../src/client/emitter.ts";
import { GrowingAnswers } from "../../../src/client/growing-answers.ts";
import { Timeline } from "../../../src/client/timeline.ts";
import type { ClientEvents, MessagesPage } from "../../../src/client/types.ts";
import type { AiResponseFrame, MessageView, RoomEvent, RoomPosition } from "../../../src/protocol/frames.ts";
import { RoomWindow } from "../../../src/web/chat/room-window.ts";

const ROOM = "room" as RoomId;
const ME = "me" as UserId;

function answer(content: string, attempt = 1, id = 2): MessageView {
  return {
    messageId: `msg_${id}` as MessageId,
    roomId: ROOM,
    seq: id as Seq,
    messageNo: id,
    authorId: "assistant" as UserId,
    content,
    messageType: "ai_response",
    timestamp: 0,
    answer: { state: "streaming", attempt, task: "ask", question: "msg_1" as MessageId, askedBy: ME },
  };
}
const part = (offset: number, text: string, attempt = 1, id = 2): AiResponseFrame => ({
  type: "ai_response",
  roomId: ROOM,
  messageId: `msg_${id}` as MessageId,
  state: "streaming",
  attempt,
  offset,
  text,
});
const event = (type: string, more: object): RoomEvent =>
  ({ type, seq: 9, timestamp: 90, messageId: "msg_2", ...more }) as unknown as RoomEvent;

function shown(list: readonly MessageView[], ...parts: readonly AiResponseFrame[]): string | undefined {
  const growing = new GrowingAnswers();
  for (const one of parts) growing.take(one);
  return growing.over(list)[0]?.content;
}

test("pieces stand at their places; one that came twice, or does not follow, changes nothing", () => {
  expect(shown([answer("")], part(0, "Hel"), part(3, "lo"), part(3, "lo"), part(50, "?"))).toBe("Hello");
  expect(shown([answer("Hel")], part(3, "lo"))).toBe("Hello");
  expect(shown([answer("He")], part(3, "lo"))).toBe("He");
});

test("of a page and of what was told the one holds that is further", () => {
  expect(shown([answer("Hello, ")], part(0, "Hel"))).toBe("Hello, ");
  expect(shown([answer("Hel")], part(0, "Hello, "))).toBe("Hello, ");
  const growing = new GrowingAnswers();
  growing.take(part(0, "Hel"));
  const read = growing.over([answer("Hello, ")]);
  growing.take(part(7, "Ben"));
  expect(growing.over(read)[0]?.content).toBe("Hello, Ben");
  expect(growing.over([answer("")])[0]?.content).toBe("Hello, Ben");
});

test("a piece of a later attempt makes what was there void, and one of an earlier attempt is void", () => {
  const growing = new GrowingAnswers();
  growing.take(part(0, "Hello"));
  growing.take(part(0, "Anew", 2));
  growing.take(part(5, ", late"));
  expect(growing.over([answer("Hello")])[0]).toMatchObject({ content: "Anew", answer: { attempt: 2 } });
  expect(shown([answer("", 2)], part(0, "Hello"))).toBe("");
  expect(shown([answer("Hello")], part(5, "more", 2))).toBe("Hello");
});

test("what ended, or was deleted, grows no more; a list without answers is the same list", () => {
  const growing = new GrowingAnswers();
  growing.take(part(0, "Hello"));
  growing.event(event("ai_response", { state: "streaming", attempt: 1, content: "" }));
  expect(growing.over([answer("")])[0]?.content).toBe("Hello");
  growing.event(event("ai_response", { state: "complete", attempt: 1, content: "Hello" }));
  expect(growing.over([answer("")])[0]?.content).toBe("");
  for (const over of [{ deletedAt: 1 }, { answer: { ...answer("").answer, state: "complete" } as const }]) {
    growing.take(part(0, "Hello"));
    const list = [{ ...answer(""), ...over } as MessageView];
    expect(growing.over(list)).toBe(list);
    expect(growing.over([answer("")])[0]?.content).toBe("");
  }
  growing.take(part(0, "Hello"));
  const others = [answer("", 1, 7)];
  expect(growing.over(others)).toBe(others);
});

test("sixteen answers wait for their messages; one more, and the first is left out", () => {
  const growing = new GrowingAnswers();
  const list = Array.from({ length: 17 }, (_, i) => answer("", 1, i + 1));
  const told = (): string[] => growing.over(list).map(({ content }) => content);
  for (let id = 1; id <= 16; id += 1) growing.take(part(0, "told", 1, id));
  expect(told()).toEqual([...Array<string>(16).fill("told"), ""]);
  growing.take(part(0, "told", 1, 17));
  expect(new Set(told().slice(1))).toEqual(new Set(["told"]));
});

/** Of a client only what the list of a room listens to; a page comes when the test says so. */
class Told {
  readonly emitter = new Emitter<ClientEvents>();
  readonly pages: ((page: MessagesPage) => void)[] = [];
  readonly client = {
    userId: ME,
    pending: [],
    failed: [],
    on: this.emitter.on.bind(this.emitter),
    position: () => 0,
    messages: () => new Promise<MessagesPage>((resolve) => this.pages.push(resolve)),
  } as unknown as StoaClient;

  /** What a page was asked for before: the question is answered, and the answer grows. */
  happens(): void {
    this.emitter.emit("event", { roomId: ROOM, event: event("new_message", { seq: 2, message: answer("") }) });
    this.emitter.emit("frame", part(0, "Forty"));
  }

  async read(...messages: readonly MessageView[]): Promise<void> {
    this.pages.shift()?.({ messages, hasMore: true });
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  }
}

const LISTS = [
  {
    name: "the page's window",
    open: (client: StoaClient) => {
      const held = new RoomWindow(client, ROOM);
      const older = (): void => void held.older();
      return { texts: () => held.messages.value.map(({ content }) => content), older, close: () => held.close() };
    },
  },
  {
    name: "the SDK's timeline",
    open: (client: StoaClient) => {
      const timeline = new Timeline(client, ROOM);
      const older = (): void => void timeline.loadOlder();
      void timeline.reload();
      return {
        texts: () => timeline.state.messages.map(({ content }) => content),
        older,
        close: () => timeline.close(),
      };
    },
  },
];

for (const { name, open } of LISTS) {
  test(`${name} keeps what an answer grew by while a page was on its way`, async () => {
    const told = new Told();
    const list = open(told.client);
    told.happens();
    // As the room was before the question.
    await told.read(answer("before", 1, 1));
    expect(list.texts()).toEqual(["before", "Forty"]);
    list.older();
    await told.read();
    expect(list.texts()).toEqual(["before", "Forty"]);
    told.emitter.emit("frame", part(5, "-two."));
    expect(list.texts()).toEqual(["before", "Forty-two."]);
    list.close();
  });

  test(`${name} shows what was told of an answer before its message was read`, async () => {
    const told = new Told();
    const list = open(told.client);
    told.emitter.emit("position", { roomId: ROOM, head: 2 } as RoomPosition);
    told.emitter.emit("frame", part(0, "Forty"));
    await told.read(answer(""));
    expect(list.texts()).toEqual(["Forty"]);
    list.close();
  });
}
