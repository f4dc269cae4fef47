/**
 * The main thread's side of the thread that follows the logs: starts it, starts it again when it ends, hands orders to it and
 * its answers back. While it is down hints are dropped: the next one begins with a sweep.
 */
import { Worker } from "node:worker_threads";
import type { Call } from "../actors/calls.ts";
import type { HeadHint } from "../actors/head-hints.ts";
import { FOLLOW_LATE_MS, SEARCH_MS_MAX, SEARCHES_WAITING_MAX } from "../base/limits.ts";
import type { TenantId } from "../base/ids.ts";
import type { Result } from "../base/result.ts";
import type { View } from "../cluster/placement.ts";
import type { Principal } from "../domain/principal.ts";
import type { FollowNotice, FollowOrder, FollowSettings } from "./follow-thread.ts";
import type { WebhookFigures } from "../integrations/webhooks/webhook-runners.ts";
import type { Delivered, Forgotten, Lag } from "../followers/log-consumer.ts";
import type { NotifyCounts, ToldOutcome } from "../domain/notify/outcome.ts";
import type { Report } from "../actors/shard-env.ts";
import type { Rejection } from "../protocol/errors.ts";
import type { LogKey, ReadResult } from "../storage/journal.ts";
import type { Hit, SearchQuery } from "../storage/search-index.ts";

const RESTART_MS_MIN = 100;
const RESTART_MS_MAX = 30_000;
const CLOSE_MS_MAX = 5_000;
/** An order to forget waits for the thread, and for whoever is in its way, milliseconds. Beyond: to be given again. */
const FORGET_MS_MAX = 60_000;

/** The thread tells twice a second; here it did not for longer than it may be busy. */
const SILENT_MS = 2_000;
/** Then it is stuck, and ended: the longest that it may be busy with one thing is a command line's write that it waits for. */
const STUCK_MS = 60_000;
const WATCH_MS = 5_000;

type Answered = (answer: FollowNotice | undefined) => void;

/** What the thread has of the rest of the server. */
export interface FollowSeams {
  readonly report: Report;
  /** Carries out what consumers ask of the engine. */
  readonly carryOut: (by: Principal, call: Call) => Promise<Result<unknown, Rejection>>;
  /** A tenant's feed has more. */
  readonly streamed: (tenant: TenantId) => void;
  /** What became of notifications. */
  readonly told: (outcomes: readonly ToldOutcome[], counts: NotifyCounts) => void;
}

export class FollowHost {
  readonly #settings: FollowSettings;
  readonly #seams: FollowSeams;
  readonly #report: Report;
  readonly #entry: URL;
  readonly #stuckMs: number;
  readonly #pending = new Map<number, Answered>();
  #worker: Worker | undefined;
  #watch: NodeJS.Timeout | undefined;
  #view: View | undefined;
  /** Why the thread is being ended. */
  #stuck = "";
  #isReady = false;
  #isStopping = false;
  #nextNo = 1;
  #searches = 0;
  #restartMs = RESTART_MS_MIN;
  #lags: Readonly<Record<string, Lag>> = {};
  #webhooks: WebhookFigures | undefined;
  #lagsAtMs = performance.now();

  /** `entry`: what the thread runs, and after how long a silence it is ended, for tests. */
  constructor(
    settings: FollowSettings,
    seams: FollowSeams,
    entry = new URL("./follow-thread.ts", import.meta.url),
    stuckMs = STUCK_MS,
  ) {
    this.#entry = entry;
    this.#stuckMs = stuckMs;
    this.#seams = seams;
    this.#settings = settings;
    this.#report = seams.report;
    if (settings.search) this.#lags = { search: { logs: 0, events: 0, ms: 0 } };
  }

  /** How far behind each consumer is, as of a moment ago. When the thread has long said nothing, that counts as well. */
  get lags(): Readonly<Record<string, Lag>> {
    const sinceMs = Math.round(performance.now() - this.#lagsAtMs);
    const silentMs = sinceMs > SILENT_MS ? sinceMs : 0;
    return Object.fromEntries(
      Object.entries(this.#lags).map(([name, lag]) => [name, { ...lag, ms: lag.ms + silentMs }]),
    );
  }

  /** What became of deliveries, and how far they are behind, as of a moment ago; counts begin anew with the thread. */
  get webhooks(): WebhookFigures | undefined {
    return this.#webhooks;
  }

  /** This one is so far behind that people will notice. */
  isLate(consumer: string): boolean {
    return (this.lags[consumer]?.ms ?? 0) > FOLLOW_LATE_MS;
  }

  /** Something about tenants' feeds was changed on this node. */
  feedsChanged(): void {
    if (this.#isReady) this.#send({ kind: "feeds_changed" });
  }

  start(): void {
    const worker = new Worker(this.#entry, { workerData: this.#settings });
    this.#worker = worker;
    let why = "";
    worker.on("message", (notice: FollowNotice) => this.#noticed(worker, notice));
    worker.on("error", (error) => {
      why = error instanceof Error ? error.message : String(error);
    });
    worker.on("exit", (code) => this.#ended(worker, why || this.#stuck || `exit code ${code}`));
    this.#lagsAtMs = performance.now();
    this.#watch ??= setInterval(() => this.#endStuck(), Math.min(WATCH_MS, this.#stuckMs));
    this.#watch.unref();
  }

  hinted(hints: readonly HeadHint[]): void {
    if (this.#isReady) this.#send({ kind: "hints", hints });
  }

  /** Something may have been written that was not told: a shard is lost. */
  doubt(): void {
    if (this.#isReady) this.#send({ kind: "sweep" });
  }

  viewed(view: View): void {
    if (view.isolated) return;
    this.#view = view;
    if (this.#isReady) this.#send({ kind: "view", view });
  }

  async search(query: SearchQuery): Promise<ReadResult<readonly Hit[]>> {
    if (this.#searches >= SEARCHES_WAITING_MAX) return { ok: false, error: "unavailable" };
    this.#searches += 1;
    const answer = await this.#ask((no) => ({ kind: "search", no, query }), SEARCH_MS_MAX);
    this.#searches -= 1;
    return answer?.kind === "hits" ? answer.result : { ok: false, error: "unavailable" };
  }

  /** `later`: not known to be forgotten by all; the order is to be given again. */
  async forget(log: LogKey, what: Forgotten): Promise<Delivered> {
    const answer = await this.#ask((no) => ({ kind: "forget", no, log, what }), FORGET_MS_MAX);
    return answer?.kind === "forgotten" ? answer.outcome : "later";
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#watch);
    const worker = this.#worker;
    if (worker === undefined) return;
    const closed = new Promise<void>((resolve) => {
      worker.on("message", (notice: FollowNotice) => {
        if (notice.kind === "closed") resolve();
      });
      worker.once("exit", () => resolve());
      setTimeout(resolve, CLOSE_MS_MAX).unref();
    });
    this.#send({ kind: "close" });
    await closed;
    await worker.terminate();
  }

  #ask(order: (no: number) => FollowOrder, msMax: number): Promise<FollowNotice | undefined> {
    // One that is starting answers when it is ready.
    if (this.#worker === undefined) return Promise.resolve(undefined);
    const no = this.#nextNo;
    this.#nextNo += 1;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#answered(no, undefined), msMax);
      this.#pending.set(no, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.#send(order(no));
    });
  }

  #answered(no: number, answer: FollowNotice | undefined): void {
    const pending = this.#pending.get(no);
    this.#pending.delete(no);
    pending?.(answer);
  }

  #send(order: FollowOrder): void {
    this.#worker?.postMessage(order);
  }

  /** Never rejects; a thread that is gone by then is told nothing. */
  async #carry(worker: Worker, no: number, by: Principal, call: Call): Promise<void> {
    const result = await this.#seams.carryOut(by, call);
    if (this.#worker === worker) this.#send({ kind: "answered", no, result });
  }

  #noticed(worker: Worker, notice: FollowNotice): void {
    switch (notice.kind) {
      case "ready":
        this.#isReady = true;
        this.#restartMs = RESTART_MS_MIN;
        // What was written up to now was not told, or was dropped.
        if (!this.#settings.isClustered) this.#send({ kind: "sweep" });
        else if (this.#view !== undefined) this.#send({ kind: "view", view: this.#view });
        return;
      case "lags":
        this.#lags = notice.lags;
        this.#webhooks = notice.webhooks;
        this.#lagsAtMs = performance.now();
        return;
      case "hits":
      case "forgotten":
        this.#answered(notice.no, notice);
        return;
      case "streamed":
        this.#seams.streamed(notice.tenant);
        return;
      case "ask":
        void this.#carry(worker, notice.no, notice.by, notice.call);
        return;
      case "told":
        this.#seams.told(notice.outcomes, notice.counts);
        return;
      case "report":
        this.#report(notice.event, notice.details);
        return;
      case "closed":
        return;
    }
  }

  /** The thread can't say itself that it is. */
  #endStuck(): void {
    const silentMs = performance.now() - this.#lagsAtMs;
    if (this.#worker === undefined || silentMs <= this.#stuckMs) return;
    this.#stuck = `stuck: nothing was heard of it for ${Math.round(silentMs)} ms`;
    void this.#worker.terminate();
  }

  #ended(worker: Worker, why: string): void {
    if (this.#worker !== worker) return;
    this.#stuck = "";
    this.#isReady = false;
    this.#worker = undefined;
    for (const no of [...this.#pending.keys()]) this.#answered(no, undefined);
    if (this.#isStopping) return;
    this.#report("followers_lost", { why });
    setTimeout(() => {
      if (!this.#isStopping) this.start();
    }, this.#restartMs).unref();
    this.#restartMs = Math.min(RESTART_MS_MAX, this.#restartMs * 2);
  }
}
