/** How long a shard takes to answer, by samples of one block at a time. */
import { expect, test } from "bun:test";
import { AnswerProbe, AnswerTimes } from "../../../../src/edge/links/answer-probe.ts";
import { ShardOutlet } from "../../../../src/edge/links/shard-outlet.ts";

function scene() {
  const [outlet, times, clock] = [new ShardOutlet(), new AnswerTimes(), { nowMs: 0, monotonicMs: () => clock.nowMs }];
  const probe = new AnswerProbe(outlet);
  outlet.restart(() => undefined);
  const send = (frames: number): void => {
    for (let i = 0; i < frames; i += 1) outlet.writer.frame(1, i, undefined, "x");
    outlet.flush();
    probe.left(clock);
  };
  const heard = (): void => probe.heard(clock, times);
  return { outlet, times, clock, send, heard };
}

test("from a block's leaving to the answer to its last record, in order or not", () => {
  const { outlet, times, clock, send, heard } = scene();
  send(3);
  clock.nowMs = 4;
  outlet.progress(2);
  heard();
  expect(times.take()).toEqual([]);
  clock.nowMs = 7;
  outlet.progress(3);
  heard();
  clock.nowMs = 10;
  send(2);
  clock.nowMs = 11;
  outlet.done(5);
  heard();
  expect(times.take()).toEqual([1, 7]);
});

test("one block at a time, and nothing where nothing was sent", () => {
  const { outlet, times, clock, send, heard } = scene();
  send(0);
  heard();
  send(1);
  clock.nowMs = 5;
  send(1);
  clock.nowMs = 6;
  outlet.progress(2);
  heard();
  heard();
  expect(times.take()).toEqual([6]);
});

test("a link that began anew answers nothing of what was sent before", () => {
  const { outlet, times, clock, send, heard } = scene();
  send(2);
  outlet.restart(() => undefined);
  outlet.writer.frame(1, 1, undefined, "x");
  outlet.writer.frame(1, 2, undefined, "x");
  clock.nowMs = 50;
  outlet.progress(2);
  heard();
  expect(times.take()).toEqual([]);
  outlet.flush();
  clock.nowMs = 60;
  send(1);
  clock.nowMs = 62;
  outlet.progress(3);
  heard();
  expect(times.take()).toEqual([2]);
});
