/**
 * The thread that talks to providers: libraries, their parsing and their memory stay out of the threads of rooms.
 * It runs with a lower priority than they do: where both want a core, messages go first.
 */
import { parentPort, workerData } from "node:worker_threads";
import { SystemClock } from "../base/clock.ts";
import { yieldToOthers } from "../node/thread-priority.ts";
import { makeProviders, type ProvidersSettings } from "./make-providers.ts";
import { PacedNews, type ProviderNews } from "./paced-news.ts";
import type { Prompt } from "./prompt.ts";
import { type EngineSettings, RunEngine } from "./run-engine.ts";

export interface ProviderThreadStart {
  readonly providers: ProvidersSettings;
  readonly engine: EngineSettings;
}
export type ProviderOrder =
  | { readonly kind: "run"; readonly id: number; readonly prompt: Prompt }
  | { readonly kind: "stop"; readonly id: number };
export type ProviderNotice = readonly ProviderNews[] | ProviderReport;
/** Something that an operator may want to know. */
export interface ProviderReport {
  readonly event: string;
  readonly details: Readonly<Record<string, string>>;
}

if (parentPort === null) throw new Error("provider-thread.ts runs as a worker thread only");
const host = parentPort;
const { providers, engine: settings } = workerData as ProviderThreadStart;
const clock = new SystemClock();
const engine = new RunEngine(makeProviders(providers), settings, clock);
const stops = new Map<number, () => void>();
const news = new PacedNews(clock, setImmediate, (block) => host.postMessage(block));
yieldToOthers((event, details) => host.postMessage({ event, details } satisfies ProviderReport));

host.on("message", (order: ProviderOrder) => {
  const { id } = order;
  if (order.kind === "stop") {
    stops.get(id)?.();
    stops.delete(id);
    news.forget(id);
    return;
  }
  const stop = engine.run(order.prompt, {
    began: () => news.began(id),
    piece: (text) => news.piece(id, text),
    ended: (end) => {
      stops.delete(id);
      news.ended(id, end);
    },
  });
  stops.set(id, stop);
});
