import { beforeEach, expect, test } from "bun:test";
import { type Signal, signal } from "@preact/signals";
import { ReadLine, type Shown } from "../../../../src/web/chat/read-line.ts";

let messages: Signal<readonly Shown[]>;
let readSeq: Signal<number | undefined>;
let line: ReadLine;
let isWatched: boolean;

/** One more message, as the window tells it. */
function come(seq: number, authorId = "ben"): void {
  line.came(seq, authorId === "ann");
  messages.value = [...messages.value, { seq }];
  if (isWatched) line.look();
}

beforeEach(() => {
  messages = signal<readonly Shown[]>([1, 2, 3].map((seq) => ({ seq })));
  readSeq = signal<number | undefined>(undefined);
  line = new ReadLine(messages, readSeq);
  isWatched = true;
  line.watch(() => isWatched);
  line.shown();
});

test("what comes under one's eyes makes no line", () => {
  readSeq.value = 3;
  line.look();
  come(4);
  come(6);
  expect(readSeq.value).toBe(6);
});

test("a line that is there stays while more comes, until one answers", () => {
  readSeq.value = 1;
  line.look();
  come(4);
  expect(readSeq.value).toBe(1);
  come(5, "ann");
  expect(readSeq.value).toBe(5);
});

test("what came while one looked elsewhere begins at the line", () => {
  readSeq.value = 1;
  line.look();
  isWatched = false;
  come(4);
  expect(readSeq.value).toBe(1);
  isWatched = true;
  line.look();
  expect(readSeq.value).toBe(3);
});

test("a room that is opened again has its line where one left it, or none", () => {
  readSeq.value = 1;
  line.look();
  line.shown();
  expect(readSeq.value).toBe(3);
  isWatched = false;
  come(4);
  line.shown();
  expect(readSeq.value).toBe(3);
});

test("what is kept unread is not read by looking, but when the room is opened again or one writes", () => {
  readSeq.value = 3;
  line.look();
  line.keepUnread(2);
  expect([readSeq.value, line.look()]).toEqual([1, false]);
  line.shown();
  expect([readSeq.value, line.look()]).toEqual([1, true]);
  line.keepUnread(2);
  come(4, "ann");
  expect([readSeq.value, line.look()]).toEqual([4, true]);
});
