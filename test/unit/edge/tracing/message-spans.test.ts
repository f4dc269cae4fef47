/** The way of single messages, as the edge sees it, and the bounds of following them. */
import { expect, test } from "bun:test";
import { FOLLOWED_MESSAGES_MAX, FOLLOWED_MS_MAX } from "../../../../src/base/limits.ts";
import type { Span } from "../../../../src/base/spans.ts";
import { ShardOutlet } from "../../../../src/edge/links/shard-outlet.ts";
import type { ShardTarget } from "../../../../src/edge/links/shard-target.ts";
import { MessageSpans } from "../../../../src/edge/tracing/message-spans.ts";

const WALL_MS = 1_750_000_000_000;

function scene(perSecond = 1_000) {
  const told: Span[] = [];
  const time = { nowMs: 1_000 };
  const clock = {
    monotonicMs: () => time.nowMs,
    wallMs: () => WALL_MS + time.nowMs,
    after: () => ({ cancel: () => undefined }),
  };
  const outlet = new ShardOutlet();
  outlet.restart(() => undefined);
  const target = { outlet, shard: 3, node: undefined } as unknown as ShardTarget;
  const spans = new MessageSpans({ clock, sink: { tell: (span) => told.push(span) }, perSecond });
  const send = (): void => {
    outlet.writer.frame(1, 1, undefined, "x");
    spans.follow(target, time.nowMs, 100);
  };
  const answer = (record: number, tookMs = 0): void => {
    spans.arrived(target);
    time.nowMs += tookMs;
    outlet.progress(record);
    spans.heard(target);
  };
  return { told, time, outlet, target, spans, send, answer };
}

const shape = ({ name, startMs, endMs }: Span): readonly [string, number, number] => [
  name,
  startMs - WALL_MS,
  endMs - WALL_MS,
];

test("parts follow one another from the arrival to the last of the block that answers", () => {
  const { told, time, outlet, target, spans, send, answer } = scene();
  send();
  time.nowMs = 1_002;
  outlet.flush();
  spans.left(target);
  time.nowMs = 1_007;
  answer(1, 3);
  expect(told).toHaveLength(1);
  const [span] = told as [Span];
  expect([shape(span), ...span.parts.map(shape)]).toEqual([
    ["send_message", 1_000, 1_010],
    ["gathered", 1_000, 1_002],
    ["decided and committed", 1_002, 1_007],
    ["acknowledged and fanned out", 1_007, 1_010],
  ]);
  expect(span.attributes).toEqual({ "stoa.frame_bytes": 100, "stoa.shard": 3, "stoa.is_elsewhere": false });
});

test("a block that answers others says nothing of it", () => {
  const { told, outlet, send, answer } = scene();
  outlet.writer.frame(1, 1, undefined, "x");
  send();
  answer(1);
  expect(told).toEqual([]);
  answer(2);
  expect(told).toHaveLength(1);
});

test("so many a second and not more", () => {
  const { time, spans, send } = scene(5);
  expect(spans.isDue).toBe(true);
  send();
  time.nowMs += 199;
  expect(spans.isDue).toBe(false);
  time.nowMs += 1;
  expect(spans.isDue).toBe(true);
});

test("a bounded number at a time", () => {
  const { told, send, answer } = scene();
  for (let i = 0; i < FOLLOWED_MESSAGES_MAX; i += 1) send();
  send();
  answer(FOLLOWED_MESSAGES_MAX + 1);
  expect(told).toHaveLength(FOLLOWED_MESSAGES_MAX);
});

test("one without an answer has failed, when the next is followed after the bound, and not before", () => {
  const { told, time, send } = scene();
  send();
  time.nowMs += FOLLOWED_MS_MAX;
  send();
  expect(told).toEqual([]);
  time.nowMs += 1;
  send();
  expect(told.map(({ hasFailed }) => hasFailed)).toEqual([true]);
});

test("of a link that began anew its numbers answer nothing: it has failed", () => {
  const { told, outlet, send, answer } = scene();
  send();
  outlet.restart(() => undefined);
  outlet.writer.frame(1, 1, undefined, "x");
  answer(1);
  expect(told.map(({ name, hasFailed, parts }) => [name, hasFailed, parts.length])).toEqual([
    ["send_message", true, 2],
  ]);
});
