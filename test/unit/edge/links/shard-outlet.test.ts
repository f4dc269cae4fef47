/** The edge's end of the link: what is kept for a worker that may be lost, and what its successor is given. */
import { expect, test } from "bun:test";
import { readToShard, type ToShardHandler } from "../../../../src/actors/link.ts";
import type { ConnectionId, TenantId, UserId } from "../../../../src/base/ids.ts";
import { PENDING_FRAMES_PER_SHARD_MAX, UNEXPLAINED_LOSSES_MAX } from "../../../../src/base/limits.ts";
import type { Principal } from "../../../../src/domain/principal.ts";
import { ShardOutlet, type Verdict } from "../../../../src/edge/links/shard-outlet.ts";

const ANN: Principal = { tenant: "acme" as TenantId, userId: "ann" as UserId, role: "user" };
const LIST = { to: "user", user: ANN.userId, kind: "list_rooms", scope: "member", limit: 1, offset: 0 } as const;

/** A worker that notes what it is given, and the outlet's answers to what it is not given again. */
class Worker {
  /** `number text` of each frame and call. */
  readonly got: string[] = [];
  readonly judged: string[] = [];
  #next = 1;

  constructor(outlet: ShardOutlet, fatalRecord = 0, introduce: () => void = () => undefined) {
    const judge = (verdict: Verdict, name: string, write: () => void): void => {
      if (verdict === "repeat") write();
      else this.judged.push(`${verdict} ${name}`);
    };
    outlet.up((block) => this.#receive(block), fatalRecord, introduce, {
      frame: (connection, frameNo, room, data, verdict) => {
        const text = new TextDecoder().decode(data);
        judge(verdict, text, () => outlet.writer.frame(connection, frameNo, room, text));
      },
      call: (callNo, principal, call, verdict) =>
        judge(verdict, `call ${callNo}`, () => outlet.writer.call(callNo, principal, call)),
    });
  }

  #receive(block: Uint8Array): void {
    const note = (record: number, text: string): void => void this.got.push(`${record} ${text}`);
    const handler: ToShardHandler = {
      frame: (record, _connection, _frameNo, _room, data) => note(record, new TextDecoder().decode(data)),
      call: (record, callNo) => note(record, `call ${callNo}`),
      open: (record) => note(record, "open"),
      close: (record) => note(record, "close"),
      actor: (record) => note(record, "actor"),
      attach: (record) => note(record, "attach"),
    };
    this.#next = readToShard(block, this.#next, handler);
  }
}

function say(outlet: ShardOutlet, ...texts: readonly string[]): void {
  for (const text of texts) outlet.writer.frame(1, 1, undefined, text);
  outlet.flush();
}

const introduce = (outlet: ShardOutlet) => (): void =>
  outlet.writer.open(1, { connectionId: "x:1" as ConnectionId, principal: ANN, codec: 1, home: true, greeted: true });

test("what was written before there is a worker, and what is written later, is given in order", () => {
  const outlet = new ShardOutlet();
  say(outlet, "a", "b");
  expect([outlet.isUp, outlet.pending]).toEqual([false, 2]);
  const worker = new Worker(outlet);
  say(outlet, "c");
  expect(outlet.isUp).toBe(true);
  expect(worker.got).toEqual(["1 a", "2 b", "3 c"]);
});

test("a lost worker's successor is told who is there, and then given what was not dealt with, and nothing else", () => {
  const outlet = new ShardOutlet();
  const first = new Worker(outlet);
  outlet.writer.open(1, { connectionId: "x:1" as ConnectionId, principal: ANN, codec: 1, home: true, greeted: false });
  say(outlet, "a", "b");
  outlet.writer.call(7, ANN, LIST);
  say(outlet, "c", "d");
  outlet.writer.close(1, true);
  outlet.flush();
  expect(first.got).toHaveLength(7);
  // Open and "a" are dealt with, and out of order "c".
  outlet.progress(2);
  outlet.done(5);
  outlet.down();
  say(outlet, "e");
  const second = new Worker(outlet, 0, introduce(outlet));
  expect(second.got).toEqual(["1 open", "2 b", "3 call 7", "4 d", "5 e"]);
  expect(second.judged).toEqual([]);
  // What the first worker had finished does not count for the second one's numbers.
  outlet.progress(1);
  expect(outlet.pending).toBe(4);
});

test("the record that the worker was lost in is not repeated; its neighbours in one block are", () => {
  const outlet = new ShardOutlet();
  new Worker(outlet);
  say(outlet, "a", "fatal", "b");
  outlet.down();
  const second = new Worker(outlet, 2);
  expect(second.judged).toEqual(["fatal fatal"]);
  expect(second.got).toEqual(["1 a", "2 b"]);
});

test("a record that was counted anew since the worker was lost is not taken for the one that it was lost in", () => {
  const outlet = new ShardOutlet();
  new Worker(outlet);
  say(outlet, "done", "fatal", "next");
  outlet.progress(1);
  outlet.down();
  // Rooms move while nobody listens: what is left begins at 1 again, so "next" is 2 now.
  outlet.restart(undefined)({
    frame: (_connection, _frameNo, _room, data) => say(outlet, new TextDecoder().decode(data)),
    call: () => undefined,
  });
  const second = new Worker(outlet, 2);
  expect(second.judged).toEqual([]);
  expect(second.got).toEqual(["1 fatal", "2 next"]);
  outlet.down();
  const third = new Worker(outlet, 1);
  expect([third.judged, third.got]).toEqual([["fatal fatal"], ["1 next"]]);
});

test("what was under way in too many losses without a known cause is given back, what came later is not", () => {
  const outlet = new ShardOutlet();
  new Worker(outlet);
  say(outlet, "old");
  let worker: Worker | undefined;
  for (let losses = 1; losses <= UNEXPLAINED_LOSSES_MAX; losses += 1) {
    outlet.down();
    worker = new Worker(outlet, 0, introduce(outlet));
    expect(worker.got).toContain("2 old");
    if (losses === 1) say(outlet, "younger");
  }
  // Nothing was under way yet when it was written: this loss does not count for it.
  outlet.down();
  say(outlet, "new");
  worker = new Worker(outlet, 0, introduce(outlet));
  expect(worker.judged).toEqual(["suspect old"]);
  expect(worker.got).toEqual(["1 open", "2 younger", "3 new"]);
  outlet.down();
  worker = new Worker(outlet, 0, introduce(outlet));
  expect(worker.judged).toEqual(["suspect younger"]);
  expect(worker.got).toEqual(["1 open", "2 new"]);
});

test("a loss that one record explains counts against no other", () => {
  const outlet = new ShardOutlet();
  new Worker(outlet);
  say(outlet, "old");
  for (let losses = 0; losses <= 2 * UNEXPLAINED_LOSSES_MAX; losses += 1) {
    say(outlet, "fatal");
    outlet.down();
    const worker = new Worker(outlet, 2);
    expect(worker.judged).toEqual(["fatal fatal"]);
    expect(worker.got).toEqual(["1 old"]);
  }
});

test("an outlet is full one past its bound, and not any more when the shard has caught up", () => {
  const outlet = new ShardOutlet();
  new Worker(outlet);
  for (let i = 0; i < PENDING_FRAMES_PER_SHARD_MAX; i += 1) outlet.writer.close(1, true);
  expect(outlet.isFull).toBe(false);
  outlet.writer.close(1, true);
  expect(outlet.isFull).toBe(true);
  outlet.flush();
  outlet.progress(1);
  expect(outlet.isFull).toBe(false);
});

test("a link that begins anew is told so, also when there is nothing to say", () => {
  const outlet = new ShardOutlet();
  const posted: number[] = [];
  outlet.restart((block) => posted.push(block.length));
  outlet.flush();
  outlet.flush();
  expect(posted).toEqual([0]);
});
