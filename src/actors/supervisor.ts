/**
 * Keeps one worker thread per shard alive. Any end that nobody asked for is a crash, whatever its exit code; a worker that
 * does not come back to its event loop is ended. Sockets do not notice: the gateway repeats what was under way.
 */
import { type MessagePort, Worker } from "node:worker_threads";
import type { Clock, Timer } from "../base/clock.ts";
import { OWN_LINK } from "./edge-link.ts";
import type { FiguresDelta } from "../domain/figures.ts";
import type { HeadHint } from "./head-hints.ts";
import type { ShardOrder } from "./link.ts";
import type { ShardSample } from "./shard-counters.ts";
import type { Report } from "./shard-env.ts";
import { type Lost, lossOf, WORKING_STORE, WorkingMark } from "./working-mark.ts";

/** What a shard's thread is started with; the entry file reads it as `workerData`. */
export interface WorkerStart<Settings> {
  readonly settings: Settings;
  readonly shard: number;
  readonly shards: number;
  readonly mark: SharedArrayBuffer;
  /** The one before it was lost and nobody knows in which request: find out, should it happen again. */
  readonly careful: boolean;
  /** To the thread that writes the store, when there is one. */
  readonly storePort: MessagePort | undefined;
}

/** From a worker, beside blocks for the own edge, which travel as bytes alone. */
export type WorkerNotice =
  | { readonly kind: "ready" }
  /** A block for the edge of another node; `link` as it was named in the order that brought its first block. */
  | { readonly kind: "peer"; readonly link: number; readonly block: Uint8Array }
  /** The own edge's link has begun anew, as it was ordered: what comes from here on belongs to the new one. */
  | { readonly kind: "link" }
  | { readonly kind: "closed" }
  /** The store answers nothing useful to this thread, or does so again. */
  | { readonly kind: "store"; readonly isAway: boolean }
  /** What it counted so far, and how it is now. */
  | { readonly kind: "counted"; readonly sample: ShardSample }
  /** For those who follow the logs. */
  | { readonly kind: "hints"; readonly hints: readonly HeadHint[] }
  /** For tenants' figures. */
  | { readonly kind: "figures"; readonly deltas: readonly FiguresDelta[] }
  /** The last words of a thread that ends itself. */
  | { readonly kind: "failed"; readonly message: string }
  /** The disk's state is in doubt: the process has to end. */
  | { readonly kind: "fatal"; readonly message: string }
  | { readonly kind: "report"; readonly event: string; readonly details: Readonly<Record<string, string | number>> };
/** To a worker, beside blocks of the own edge. */
export type WorkerOrder = ShardOrder | { readonly kind: "close" };

export interface SupervisorPorts<Settings> {
  readonly entry: URL;
  readonly settings: Settings;
  readonly shards: number;
  readonly clock: Clock;
  readonly report: Report;
  readonly connectStore: (() => MessagePort) | undefined;
  readonly up: (shard: number, post: (block: Uint8Array<ArrayBuffer>) => void, lost: Lost) => void;
  readonly down: (shard: number) => void;
  /** A block for the edge at the other end of the link; 0: this node's own. */
  readonly received: (shard: number, block: Uint8Array, link: number) => void;
  readonly fatal: (message: string) => void;
  /** The store answers nothing useful to this shard (true), or does so again. */
  readonly storeAway?: (shard: number, isAway: boolean) => void;
  readonly counted?: (shard: number, sample: ShardSample) => void;
  /** Logs that a shard wrote. */
  readonly hinted?: (hints: readonly HeadHint[]) => void;
  /** What a shard counted for tenants' figures. */
  readonly figured?: (deltas: readonly FiguresDelta[]) => void;
}

/** A worker that has not beaten for so long is stuck: it beats with every message it handles, and every `BEAT_MS` when idle. */
export const BEAT_MS = 100;
const STUCK_MS = 1_000;
/** In the store's commit more patience: a slow disk is no bug of ours. */
const STUCK_IN_STORE_MS = 30_000;
const WATCH_MS = 200;
/** After a crash without a known cause the next start waits, doubling up to the bound, so that a broken disk is no busy loop. */
const RESTART_MS_MIN = 10;
const RESTART_MS_MAX = 1_000;
const CLOSE_MS_MAX = 10_000;

const FIRST: Lost = { record: 0, link: OWN_LINK, explained: false };

interface Running {
  readonly worker: Worker;
  readonly mark: WorkingMark;
  ready: boolean;
  /** How often the link of the own edge was to begin anew. */
  begun: number;
  beats: number;
  beatMs: number;
}

export class Supervisor<Settings> {
  readonly #ports: SupervisorPorts<Settings>;
  readonly #running: (Running | undefined)[];
  /** Why each shard's former worker was lost; `undefined`: there was none. */
  readonly #lost: (Lost | undefined)[] = [];
  /** Links of a shard's own edge that were to begin anew and have not: what the worker says belongs to the one before. */
  readonly #beginning: number[] = [];
  #view: ShardOrder | undefined;
  readonly #restartMs: number[];
  #watchTimer: Timer | undefined;
  #watchedMs = 0;
  #stopping = false;
  restarts = 0;

  constructor(ports: SupervisorPorts<Settings>) {
    this.#ports = ports;
    this.#running = Array.from({ length: ports.shards }, () => undefined);
    this.#restartMs = Array.from({ length: ports.shards }, () => RESTART_MS_MIN);
  }

  /** Resolves when every shard is ready. Rejects when one ends before it was ready for the first time. */
  async start(): Promise<void> {
    const ready = Array.from({ length: this.#ports.shards }, (_, shard) => this.#launchFirst(shard));
    await Promise.all(ready);
    this.#watchTimer = this.#ports.clock.after(WATCH_MS, () => this.#watch());
  }

  /** Dropped while the shard is down. A view is kept for workers to come, and is the first that they are told. */
  post(shard: number, order: ShardOrder): void {
    if (order.kind === "view") this.#view = order;
    const running = this.#running[shard];
    if (running?.ready !== true) return;
    if (order.kind === "link") {
      this.#beginning[shard] = (this.#beginning[shard] ?? 0) + 1;
      running.begun += 1;
    }
    running.worker.postMessage(order);
  }

  /** Lets every worker close its store and ends them. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#watchTimer?.cancel();
    await Promise.all(this.#running.map((running) => running && this.#close(running)));
  }

  #launchFirst(shard: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#launch(shard, resolve, reject);
    });
  }

  #launch(shard: number, onReady: (() => void) | undefined, onEarlyEnd: ((error: Error) => void) | undefined): void {
    const { entry, settings, shards, connectStore, clock } = this.#ports;
    const careful = this.#lost[shard]?.explained === false;
    const mark = new WorkingMark();
    const storePort = connectStore?.();
    const start: WorkerStart<Settings> = { settings, shard, shards, mark: mark.memory, careful, storePort };
    const worker = new Worker(entry, { workerData: start, transferList: storePort === undefined ? [] : [storePort] });
    const running: Running = { worker, mark, ready: false, begun: 0, beats: 0, beatMs: clock.monotonicMs() };
    this.#running[shard] = running;
    let failure = "";
    worker.on("message", (message: Uint8Array | WorkerNotice) => {
      if (this.#running[shard] !== running) return;
      if (message instanceof Uint8Array) return this.#said(shard, message);
      if (message.kind === "failed") failure = message.message;
      else this.#noticed(shard, running, message, onReady);
    });
    worker.on("error", (error) => {
      failure = error instanceof Error ? error.message : String(error);
    });
    worker.on("exit", (code) => {
      if (onEarlyEnd !== undefined && !running.ready && this.#running[shard] === running) {
        // Whoever starts it says why there is no start: nothing was lost, and nothing is to be started again.
        this.#running[shard] = undefined;
        onEarlyEnd(new Error(failure || `shard ${shard} ended with code ${code} before it was ready`));
      } else this.#ended(shard, running, failure || `exit code ${code}`);
    });
  }

  #noticed(
    shard: number,
    running: Running,
    notice: Exclude<WorkerNotice, { kind: "failed" }>,
    onReady: (() => void) | undefined,
  ): void {
    switch (notice.kind) {
      case "ready": {
        running.ready = true;
        running.beatMs = this.#ports.clock.monotonicMs();
        this.#beginning[shard] = 0;
        if (this.#view !== undefined) running.worker.postMessage(this.#view);
        this.#ports.up(shard, (block) => running.worker.postMessage(block), this.#lost[shard] ?? FIRST);
        onReady?.();
        return;
      }
      case "peer":
        this.#ports.received(shard, notice.block, notice.link);
        return;
      case "link":
        this.#beginning[shard] = (this.#beginning[shard] ?? 0) - 1;
        return;
      case "report":
        this.#ports.report(notice.event, notice.details);
        return;
      case "store":
        this.#ports.storeAway?.(shard, notice.isAway);
        return;
      case "counted":
        this.#ports.counted?.(shard, notice.sample);
        return;
      case "hints":
        this.#ports.hinted?.(notice.hints);
        return;
      case "figures":
        this.#ports.figured?.(notice.deltas);
        return;
      case "fatal":
        this.#ports.fatal(notice.message);
        return;
      case "closed":
        return;
    }
  }

  /** To the own edge, unless it is of a link that the edge has ended. */
  #said(shard: number, block: Uint8Array): void {
    if ((this.#beginning[shard] ?? 0) === 0) this.#ports.received(shard, block, OWN_LINK);
  }

  #ended(shard: number, running: Running, why: string): void {
    if (this.#running[shard] !== running) return;
    this.#running[shard] = undefined;
    if (this.#stopping) return;
    this.#ports.down(shard);
    const lost = lossOf(running.mark, running.begun);
    const { explained } = lost;
    this.#lost[shard] = lost;
    this.restarts += 1;
    this.#ports.report("worker_lost", { shard, record: running.mark.record, link: lost.link, why });
    const delayMs = explained ? 0 : (this.#restartMs[shard] ?? RESTART_MS_MIN);
    this.#restartMs[shard] = explained || running.ready ? RESTART_MS_MIN : Math.min(RESTART_MS_MAX, delayMs * 2);
    const relaunch = (): void => {
      if (!this.#stopping) this.#launch(shard, undefined, undefined);
    };
    if (delayMs === 0) relaunch();
    else this.#ports.clock.after(delayMs, relaunch);
  }

  #watch(): void {
    this.#watchTimer = this.#ports.clock.after(WATCH_MS, () => this.#watch());
    const now = this.#ports.clock.monotonicMs();
    // If this thread was late itself (a stopped process, a laptop that slept), silence says nothing.
    const wasLate = now - this.#watchedMs > 3 * WATCH_MS;
    this.#watchedMs = now;
    for (const [shard, running] of this.#running.entries()) {
      if (running === undefined || !running.ready) continue;
      const { beats, record } = running.mark;
      if (wasLate || beats !== running.beats) {
        running.beats = beats;
        running.beatMs = now;
        continue;
      }
      if (now - running.beatMs < (record === WORKING_STORE ? STUCK_IN_STORE_MS : STUCK_MS)) continue;
      this.#ports.report("worker_stuck", { shard, record, silentMs: Math.round(now - running.beatMs) });
      // Its end may take a while to be reported; what matters is that its shard is served again.
      this.#ended(shard, running, "stuck");
      void running.worker.terminate();
    }
  }

  async #close(running: Running): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      running.worker.on("message", (message: Uint8Array | WorkerNotice) => {
        if (!(message instanceof Uint8Array) && message.kind === "closed") resolve();
      });
      running.worker.on("exit", () => resolve());
      this.#ports.clock.after(CLOSE_MS_MAX, resolve);
    });
    running.worker.postMessage({ kind: "close" } satisfies WorkerOrder);
    await closed;
    await running.worker.terminate();
  }
}
