/**
 * The providers' thread, from the thread of a shard. It is started with the first question and again when it was lost.
 * Invariant: each run ends once: as the thread says, or as failed when the thread ends or says nothing in time.
 */
import { Worker } from "node:worker_threads";
import type { Clock, Timer } from "../base/clock.ts";
import type { Prompt } from "./prompt.ts";
import type { ProviderNews } from "./paced-news.ts";
import type { ProviderNotice, ProviderOrder, ProviderReport, ProviderThreadStart } from "./provider-thread.ts";
import type { EngineEnd } from "./run-engine.ts";

export interface HostedListener {
  began(): void;
  piece(text: string): void;
  ended(end: EngineEnd): void;
}
/** What the service asks for answers; a test may have the engine in its own thread. */
export interface Answering {
  run(prompt: Prompt, listener: HostedListener): { stop(): void };
  close(): void;
}

interface Running {
  readonly listener: HostedListener;
  readonly guard: Timer;
}

/** Beyond the run's own time: the thread is stuck then, milliseconds. */
const GUARD_SLACK_MS = 3_000;

export class ProviderHost implements Answering {
  readonly #start: ProviderThreadStart;
  readonly #clock: Clock;
  readonly #report: (report: ProviderReport) => void;
  readonly #running = new Map<number, Running>();
  #worker: Worker | undefined;
  #last = 0;

  constructor(start: ProviderThreadStart, clock: Clock, report: (report: ProviderReport) => void) {
    this.#start = start;
    this.#clock = clock;
    this.#report = report;
  }

  run(prompt: Prompt, listener: HostedListener): { stop(): void } {
    this.#last += 1;
    const id = this.#last;
    const guard = this.#clock.after(this.#start.engine.runMs + GUARD_SLACK_MS, () => this.#end("stuck"));
    this.#running.set(id, { listener, guard });
    this.#post({ kind: "run", id, prompt });
    return {
      stop: () => {
        if (this.#forget(id) !== undefined) this.#post({ kind: "stop", id });
      },
    };
  }

  close(): void {
    for (const { guard } of this.#running.values()) guard.cancel();
    this.#running.clear();
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
  }

  #post(order: ProviderOrder): void {
    this.#worker ??= this.#launch();
    this.#worker.postMessage(order);
  }

  #launch(): Worker {
    const worker = new Worker(new URL("./provider-thread.ts", import.meta.url), { workerData: this.#start });
    worker.on("message", (notice: ProviderNotice) => {
      if (worker !== this.#worker) return;
      if ("event" in notice) this.#report(notice);
      else for (const one of notice) this.#heard(one);
    });
    worker.on("error", (error) => {
      if (worker === this.#worker) this.#end(error instanceof Error ? error.name : "error");
    });
    worker.on("exit", (code) => {
      if (worker === this.#worker) this.#end(`exit code ${code}`);
    });
    return worker;
  }

  #heard(news: ProviderNews): void {
    const running = this.#running.get(news.id);
    if (running === undefined) return;
    if (news.kind === "began") running.listener.began();
    else if (news.kind === "piece") running.listener.piece(news.text);
    else this.#forget(news.id)?.listener.ended(news.end);
  }

  #forget(id: number): Running | undefined {
    const running = this.#running.get(id);
    running?.guard.cancel();
    this.#running.delete(id);
    return running;
  }

  /** The thread is no use any more: the next question gets another one. */
  #end(why: string): void {
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
    this.#report({ event: "assistant_thread_lost", details: { why } });
    for (const id of [...this.#running.keys()]) {
      this.#forget(id)?.listener.ended({ state: "failed", reason: "provider_failed", tried: [] });
    }
  }
}
