/**
 * The thread that talks to providers: libraries, their parsing and their memory stay out of the threads of rooms.
 * Invariant: what it says of one run is in order; pieces of all runs leave together, `AI_BLOCK_INTERVAL_MS` apart when there are many.
 */
import { parentPort, workerData } from "node:worker_threads";
import { SystemClock } from "../base/clock.ts";
import { AI_BLOCK_INTERVAL_MS } from "../base/limits.ts";
import { makeProviders, type ProvidersSettings } from "./make-providers.ts";
import type { Prompt } from "./prompt.ts";
import { type EngineEnd, type EngineSettings, RunEngine } from "./run-engine.ts";

export interface ProviderThreadStart {
  readonly providers: ProvidersSettings;
  readonly engine: EngineSettings;
}
export type ProviderOrder =
  | { readonly kind: "run"; readonly id: number; readonly prompt: Prompt }
  | { readonly kind: "stop"; readonly id: number };
export type ProviderNews =
  | { readonly kind: "began"; readonly id: number }
  | { kind: "piece"; readonly id: number; text: string }
  | { readonly kind: "ended"; readonly id: number; readonly end: EngineEnd };

if (parentPort === null) throw new Error("provider-thread.ts runs as a worker thread only");
const host = parentPort;
const { providers, engine: settings } = workerData as ProviderThreadStart;
const clock = new SystemClock();
const engine = new RunEngine(makeProviders(providers), settings, clock);
const stops = new Map<number, () => void>();
let news: ProviderNews[] = [];
/** The last piece of each run in `news`: more is added to it. */
const pieces = new Map<number, { kind: "piece"; readonly id: number; text: string }>();
let isFlushing = false;
let timer: ReturnType<typeof setTimeout> | undefined;
let flushedMs = Number.NEGATIVE_INFINITY;

function flush(): void {
  isFlushing = false;
  timer = undefined;
  flushedMs = clock.monotonicMs();
  const block = news;
  news = [];
  pieces.clear();
  host.postMessage(block);
}

function say(one: ProviderNews): void {
  const before = one.kind === "piece" ? pieces.get(one.id) : undefined;
  if (one.kind === "piece" && before !== undefined) {
    before.text += one.text;
    return;
  }
  news.push(one);
  if (one.kind === "piece") pieces.set(one.id, one);
  else pieces.delete(one.id);
  if (isFlushing && (one.kind !== "began" || timer === undefined)) return;
  clearTimeout(timer);
  timer = undefined;
  isFlushing = true;
  // A first piece is what people wait for.
  const waitMs = one.kind === "began" ? 0 : flushedMs + AI_BLOCK_INTERVAL_MS - clock.monotonicMs();
  if (waitMs <= 0) setImmediate(flush);
  else timer = setTimeout(flush, waitMs);
}

host.on("message", (order: ProviderOrder) => {
  const { id } = order;
  if (order.kind === "stop") {
    stops.get(id)?.();
    stops.delete(id);
    return;
  }
  const stop = engine.run(order.prompt, {
    began: () => say({ kind: "began", id }),
    piece: (text) => say({ kind: "piece", id, text }),
    ended: (end) => {
      stops.delete(id);
      say({ kind: "ended", id, end });
    },
  });
  stops.set(id, stop);
});
