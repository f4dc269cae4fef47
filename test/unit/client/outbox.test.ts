/** What a user did and the server has not confirmed. */
import { expect, test } from "bun:test";
import type { RoomId, Seq } from "../../../src/base/ids.ts";
import { Emitter } from "../../../src/client/emitter.ts";
import { Outbox } from "../../../src/client/outbox.ts";
import type { ClientEvents } from "../../../src/client/types.ts";
import type { ClientFrame } from "../../../src/protocol/frames.ts";
import { keptIn } from "../../support/kept.ts";

const ROOM = "room" as RoomId;
const FAILED_MAX = 100;

function outbox({ isOpen = true, kept = new Map<string, string>(), isLate = false } = {}) {
  const sent: ClientFrame[] = [];
  const state = { isOpen };
  const box = new Outbox({
    send: (frame) => {
      if (state.isOpen) sent.push(frame);
      return state.isOpen;
    },
    knownSeq: () => 7 as Seq,
    emitter: new Emitter<ClientEvents>(),
    storage: keptIn(kept, isLate),
  });
  return { box, sent, state, kept };
}
const say = (box: Outbox, content: string) => box.add({ type: "send_message", roomId: ROOM, content });
const of = (frame: ClientFrame | undefined) => frame as unknown as Record<string, unknown>;
const refused = (frame: ClientFrame | undefined, code: "forbidden" | "retry_expired" = "forbidden") =>
  ({ type: "error", message: "no", temporary: false, code, ref: String(of(frame)["ref"]) }) as const;
const contentsOf = (frames: readonly ClientFrame[]) => frames.map((frame) => of(frame)["content"]);

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
  const no = say(box, "no");
  const later = say(box, "later");
  box.answered(refused(sent[0]));
  await expect(no).rejects.toMatchObject({ code: "forbidden" });
  const temporary = { code: "unavailable", temporary: true, retryAfterMs: 1 } as const;
  box.answered({ ...refused(sent[1]), ...temporary });
  expect(box.pending).toHaveLength(1);
  while (sent.length < 3) await Bun.sleep(1);
  box.answered({ type: "ack", ref: String(of(sent[2])["ref"]) });
  await later;
});

test("a refused message is kept until it is tried again, under its name, or discarded; other requests are not", async () => {
  const { box, sent } = outbox();
  const no = say(box, "no");
  const edit = box.add({ type: "edit_message", roomId: ROOM, messageId: "msg_1" as never, content: "x" });
  box.answered(refused(sent[0]));
  box.answered(refused(sent[1]));
  await expect(no).rejects.toThrow("no");
  await expect(edit).rejects.toThrow("no");
  const { clientId } = of(sent[0]) as { clientId: string };
  expect(box.failed).toMatchObject([{ clientId, error: { code: "forbidden", message: "no" } }]);
  const again = box.retry(clientId);
  expect(box.failed).toEqual([]);
  expect(of(sent[2])).toMatchObject({ clientId, knownSeq: 7, content: "no" });
  // Nobody knows whether it was done: only another name can be done now.
  box.answered(refused(sent[2], "retry_expired"));
  await expect(again).rejects.toMatchObject({ code: "retry_expired" });
  void box.retry(clientId).catch(() => undefined);
  expect(of(sent[3])["clientId"]).not.toBe(clientId);
  box.answered(refused(sent[3]));
  const [failed] = box.failed;
  expect([box.discard(failed?.clientId ?? ""), box.discard(failed?.clientId ?? "")]).toEqual([true, false]);
  await expect(box.retry("nobody")).rejects.toMatchObject({ code: "not_found" });
});

test("what waits can be taken back; whoever asked is told", async () => {
  const { box } = outbox({ isOpen: false });
  const asked = say(box, "oops");
  expect(box.discard(box.pending[0]?.clientId ?? "")).toBe(true);
  await expect(asked).rejects.toMatchObject({ code: "discarded" });
  expect(box.pending).toEqual([]);
});

test("of refused messages the newest hundred are kept", async () => {
  const { box, sent } = outbox();
  for (let i = 0; i <= FAILED_MAX; i += 1) {
    say(box, `m${i}`).catch(() => undefined);
    box.answered(refused(sent[i]));
    expect(box.failed).toHaveLength(Math.min(i + 1, FAILED_MAX));
  }
  expect(contentsOf(box.failed.map(({ frame }) => frame)).at(0)).toBe("m1");
});

test("an event that came answers for an ack that did not", async () => {
  const { box, sent } = outbox();
  const acked = say(box, "hello");
  box.seen(String(of(sent[0])["clientId"]), { roomId: ROOM, seq: 3 as Seq });
  expect(await acked).toEqual({ roomId: ROOM, seq: 3 as Seq });
});

test.each([false, true])(
  "what was not sent or was refused is there after a reload, in its order (late: %p)",
  async (isLate) => {
    const { box, kept, sent } = outbox({ isLate });
    await box.load("ann");
    for (const text of ["refused", "one", "two", "done"]) say(box, text).catch(() => undefined);
    box.answered(refused(sent[0]));
    box.answered({ type: "ack", ref: String(of(sent[3])["ref"]) });
    box.lost();
    const before = [box.pending, box.failed];
    while (kept.size !== 3 || ![...kept.values()].some((text) => text.includes('"error"'))) await Bun.sleep(1);
    const next = outbox({ kept, isLate });
    const loading = next.box.load("ann");
    // Said while what is older is still being read: it goes behind it.
    say(next.box, "three").catch(() => undefined);
    await loading;
    expect<unknown>([next.box.pending.slice(0, 2), next.box.failed]).toEqual(before);
    expect(contentsOf(next.sent)).toEqual(["one", "two", "three"]);
    next.box.lost();
  },
);

test("two pages of one user keep what both wrote; nobody else sends it", async () => {
  const kept = new Map<string, string>();
  const [first, second] = [outbox({ isOpen: false, kept }), outbox({ isOpen: false, kept })];
  for (const { box } of [first, second]) await box.load("ann");
  for (const [text, { box }] of [
    ["one", first],
    ["two", second],
  ] as const)
    say(box, text).catch(() => undefined);
  const ben = outbox({ kept });
  await ben.box.load("ben");
  expect(ben.sent).toEqual([]);
  // Whoever signs in at the same page takes nothing along.
  await first.box.load("ben");
  expect(first.box.pending).toEqual([]);
  const next = outbox({ kept });
  await next.box.load("ann");
  expect(contentsOf(next.sent)).toEqual(["one", "two"]);
  next.box.lost();
});
