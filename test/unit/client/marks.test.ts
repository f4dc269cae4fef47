/** What a client says of itself while it reads: rarely, and until the server knows it. */
import { expect, test } from "bun:test";
import type { RoomId, Seq } from "../../../src/base/ids.ts";
import { ChatError } from "../../../src/client/chat-error.ts";
import { Marks } from "../../../src/client/marks.ts";
import type { ClientFrame } from "../../../src/protocol/frames.ts";

const ROOM = "room" as RoomId;

function marks(answer: () => Promise<unknown> = async () => undefined) {
  const sent: ClientFrame[] = [];
  const marked: RoomId[] = [];
  const made = new Marks({
    send: (frame) => sent.push(frame) > 0,
    ask: (frame) => {
      sent.push(frame);
      return answer();
    },
    marked: (room) => void marked.push(room),
  });
  const read = (): unknown[] => sent.flatMap((frame) => (frame.type === "mark_read" ? [frame.seq] : []));
  return { made, sent, marked, read };
}
const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await Bun.sleep(5);
};

test("the highest of several marks is told, once, and that the server knows it", async () => {
  const { made, read, marked } = marks();
  for (const seq of [3, 7, 5]) made.read(ROOM, seq as Seq);
  await until(() => marked.length === 1);
  made.read(ROOM, 7 as Seq);
  made.opened();
  expect(read()).toEqual([7]);
  made.stop();
});

test("a mark that a loss swallowed is told with the next connection, at once; one that was refused for now a second later", async () => {
  const outcomes = [new ChatError("closed", ""), new ChatError("unavailable", "", undefined, true)];
  const { made, read, marked } = marks(async () => {
    const error = outcomes.shift();
    if (error !== undefined) throw error;
  });
  made.read(ROOM, 4 as Seq);
  await until(() => outcomes.length === 1);
  await Promise.resolve();
  expect(read()).toEqual([4]);
  made.opened();
  expect(read()).toEqual([4, 4]);
  await until(() => marked.length === 1);
  expect(read()).toEqual([4, 4, 4]);
  made.stop();
});

test("a mark that is refused for good is not told again", async () => {
  const { made, read, marked } = marks(async () => {
    throw new ChatError("forbidden", "");
  });
  made.read(ROOM, 4 as Seq);
  await until(() => read().length === 1);
  made.opened();
  expect([read(), marked]).toEqual([[4], []]);
  made.stop();
});

test("typing is told every other second at most, and that it ended only where it was told", () => {
  const { made, sent } = marks();
  made.stoppedTyping(ROOM, false);
  for (let i = 0; i < 5; i += 1) made.typing(ROOM);
  made.stoppedTyping(ROOM, false);
  made.typing(ROOM);
  made.stoppedTyping(ROOM, true);
  expect(sent.map(({ type }) => type)).toEqual(["typing_start", "typing_stop", "typing_start"]);
});
