/** What a user did and the server has not confirmed. */
import { expect, test } from "bun:test";
import type { RoomId, Seq } from "../../../src/base/ids.ts";
import { Outbox } from "../../../src/client/outbox.ts";
import type { ClientFrame } from "../../../src/protocol/frames.ts";

const ROOM = "room" as RoomId;

function outbox({ isOpen = true, kept = new Map<string, string>() } = {}) {
  const sent: ClientFrame[] = [];
  const state = { isOpen };
  const box = new Outbox({
    send: (frame) => {
      if (state.isOpen) sent.push(frame);
      return state.isOpen;
    },
    knownSeq: () => 7 as Seq,
    changed: () => undefined,
    storage: { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) },
    storageKey: "key",
  });
  return { box, sent, state, kept };
}
const say = (box: Outbox, content: string) => box.add({ type: "send_message", roomId: ROOM, content });
const of = (frame: ClientFrame | undefined) => frame as unknown as Record<string, unknown>;

test("a repetition has the clientId and the known sequence of the first try, and another ref", async () => {
  const { box, sent } = outbox();
  const acked = say(box, "hello");
  box.lost();
  box.sendAll();
  const [first, second] = [of(sent[0]), of(sent[1])];
  expect(second).toMatchObject({ clientId: first["clientId"], knownSeq: 7, content: "hello" });
  expect(second["ref"]).not.toBe(first["ref"]);
  // The answer over the lost connection would name the first ref: nobody waits for that any more.
  expect(box.answered({ type: "ack", ref: String(first["ref"]) })).toBe(false);
  expect(box.answered({ type: "ack", ref: String(second["ref"]), seq: 9 as Seq })).toBe(true);
  expect(await acked).toEqual({ seq: 9 as Seq });
  expect(box.pending).toEqual([]);
});

test("what can never work is refused to whoever asked; what may work later stays", async () => {
  const { box, sent } = outbox();
  const refused = say(box, "no");
  const later = say(box, "later");
  const error = { type: "error", message: "", temporary: false, code: "forbidden" } as const;
  box.answered({ ...error, ref: String(of(sent[0])["ref"]) });
  await expect(refused).rejects.toMatchObject({ code: "forbidden" });
  box.answered({ ...error, code: "unavailable", temporary: true, retryAfterMs: 1, ref: String(of(sent[1])["ref"]) });
  expect(box.pending).toHaveLength(1);
  while (sent.length < 3) await Bun.sleep(1);
  box.answered({ type: "ack", ref: String(of(sent[2])["ref"]) });
  await later;
});

test("an event that came answers for an ack that did not", async () => {
  const { box, sent } = outbox();
  const acked = say(box, "hello");
  box.seen(String(of(sent[0])["clientId"]), { roomId: ROOM, seq: 3 as Seq });
  expect(await acked).toEqual({ roomId: ROOM, seq: 3 as Seq });
});

test("what was not sent is there after a reload, in its order and with its names", async () => {
  const { box, kept } = outbox({ isOpen: false });
  void say(box, "one");
  void say(box, "two");
  const before = box.pending;
  const next = outbox({ kept });
  await next.box.load();
  expect(next.box.pending).toEqual(before);
  next.box.sendAll();
  expect(next.sent.map((frame) => of(frame)["content"])).toEqual(["one", "two"]);
  next.box.lost();
});
