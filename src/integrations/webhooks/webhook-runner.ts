/**
 * Delivers to one webhook, page after page, for as long as this node is to: reads behind its place, posts, and moves the place when
 * it was taken. What waits stays in the log: between two attempts nothing of it is held.
 * Invariants: one delivery at a time, so the order of a room's events holds; the place is moved only over what was taken or kept as
 * a dead letter, and never where somebody else moved it.
 */
import type { Clock, Timer } from "../../base/clock.ts";
import type { TenantId } from "../../base/ids.ts";
import { WEBHOOK_DEAD_MAX, WEBHOOK_EVENTS_MAX, WEBHOOK_PLACE_MS, WEBHOOK_RETRY_MS } from "../../base/limits.ts";
import type { Random } from "../../base/prng.ts";
import type { Result } from "../../base/result.ts";
import { cursorText, FEED_START, type FeedCursor, parseCursor } from "../../feed/cursor.ts";
import type { FeedPage, FeedReader } from "../../feed/feed-reader.ts";
import type { Webhook } from "../../feed/webhook-records.ts";
import type { Webhooks } from "../../feed/webhooks.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Outcome, WebhookSender } from "./webhook-sender.ts";
import { type Standing, type Step, WebhookStanding } from "./webhook-standing.ts";

export interface RunnerSettings {
  /** The longest pause between two attempts, milliseconds. */
  readonly retryMsMax: number;
  /** Attempts after which what was refused is kept as a dead letter. */
  readonly attemptsMax: number;
  /** After so long without anything taken it is disabled, milliseconds. */
  readonly disableMs: number;
}

export interface RunnerParts {
  readonly webhooks: Webhooks;
  readonly reader: FeedReader;
  readonly sender: Pick<WebhookSender, "page">;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: RunnerSettings;
  /** Runs `work` when one of the node's places is free. */
  readonly inTurn: <Value>(work: () => Promise<Value>) => Promise<Value>;
  readonly counts: WebhookCounts;
  readonly report: (event: string, details: Readonly<Record<string, string | number>>) => void;
}

/** Of all webhooks of this thread. */
export interface WebhookCounts {
  deliveries: number;
  events: number;
  failures: number;
  deadLetters: number;
  disabled: number;
}

const READ_RETRY_MS = 1_000;
/** Without a word from anybody it looks again, milliseconds. */
const IDLE_MS = 30_000;

export class WebhookRunner {
  readonly #tenant: TenantId;
  readonly #id: string;
  readonly #parts: RunnerParts;
  readonly #standing: WebhookStanding;
  #cursor: FeedCursor = FEED_START;
  #ahead: { readonly cursor: FeedCursor; readonly page: Promise<Result<FeedPage, Rejection>> } | undefined;
  /** Of what comes next: 1 unless it failed before. */
  #attempt = 1;
  /** Of these the ones in which a single event was refused. */
  #refusals = 0;
  #limit = WEBHOOK_EVENTS_MAX;
  #behindMs: number | undefined;
  #isStopped = false;
  #isNews = false;
  #wake: (() => void) | undefined;

  constructor(tenant: TenantId, id: string, parts: RunnerParts) {
    this.#tenant = tenant;
    this.#id = id;
    this.#parts = parts;
    this.#standing = new WebhookStanding(tenant, id, parts.webhooks, parts.clock);
    void this.#run();
  }

  /** Since when there is something that was not taken; `undefined`: nothing is. Monotonic. */
  get behindSinceMs(): number | undefined {
    return this.#behindMs;
  }

  /** Its configuration or its place may have changed. */
  changed(): void {
    this.#standing.changed();
    this.more();
  }

  /** The feed has more. */
  more(): void {
    this.#isNews = true;
    if (!this.#waitsForTime) this.#wake?.();
  }

  stop(): void {
    this.#isStopped = true;
    this.#wake?.();
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      this.#isNews = false;
      const waitMs = await this.#step();
      if (waitMs > 0 && !this.#isStopped && (!this.#isNews || this.#waitsForTime)) await this.#pause(waitMs);
    }
  }

  /** After a failure nobody waits for more of the same; but what was changed may be what helps. */
  get #waitsForTime(): boolean {
    return this.#attempt > 1 && this.#standing.current !== undefined;
  }

  /** One page further. Answers how long to wait before the next step, milliseconds. */
  async #step(): Promise<number> {
    const standing = this.#standing.current ?? (await this.#load());
    if (standing === undefined) return READ_RETRY_MS;
    const { hook } = standing;
    if (hook.isPaused === true || hook.disabled !== undefined) {
      this.#behindMs = undefined;
      return IDLE_MS;
    }
    return this.#parts.inTurn(() => this.#deliver(standing));
  }

  async #deliver(standing: Standing): Promise<number> {
    const from = this.#cursor;
    const read = await this.#next(standing.hook);
    if (!read.ok) {
      this.#behindMs ??= this.#parts.clock.monotonicMs();
      return READ_RETRY_MS;
    }
    if (this.#isStopped || this.#standing.current !== standing) return 0;
    const page = read.value;
    if (page.events.length === 0 && page.missing.length === 0) return this.#passed(standing, page);
    this.#behindMs ??= this.#parts.clock.monotonicMs();
    if (page.hasMore && this.#attempt === 1) this.#readAhead(standing.hook, page.cursor);
    const { hook } = standing;
    const delivery = { tenant: this.#tenant, id: this.#id, hook, attempt: this.#attempt };
    const outcome = await this.#parts.sender.page(delivery, page, from, page.cursor);
    return this.#judge(standing, page, outcome);
  }

  async #judge(standing: Standing, page: FeedPage, outcome: Outcome): Promise<number> {
    const { counts, settings } = this.#parts;
    if (outcome.kind === "taken") {
      counts.deliveries += 1;
      counts.events += page.events.length;
      const lastMs = this.#parts.clock.wallMs();
      await this.#moved(standing, page, ({ failing: _failing, ...place }) => {
        return { ...place, delivered: place.delivered + page.events.length, lastMs };
      });
      return 0;
    }
    counts.failures += 1;
    this.#ahead = undefined;
    if (outcome.kind === "gone") return this.#giveUp("The receiver answered 410: it is gone for good.");
    const nowMs = this.#parts.clock.wallMs();
    const sinceMs = standing.place.failing?.sinceMs ?? nowMs;
    if (nowMs - sinceMs > settings.disableMs) {
      return this.#giveUp(`Nothing was taken for too long; the last answer: ${outcome.why}.`);
    }
    if (outcome.kind === "refused" && this.#isGivenUp(page)) return this.#bury(standing, page, outcome.why);
    const failing = { sinceMs, attempts: this.#attempt, why: outcome.why };
    const isSaved = await this.#standing.save(standing, { ...standing.place, failing });
    if (!isSaved) return 0;
    this.#attempt += 1;
    if (outcome.kind === "away") return this.#pauseMs(this.#attempt - 1, outcome.retryAfterMs);
    return this.#pauseMs(Math.max(1, this.#refusals));
  }

  /**
   * What is refused is brought in smaller parts, so that only what is not wanted is given up in the end, and everything else
   * is taken.
   */
  #isGivenUp({ events }: FeedPage): boolean {
    if (events.length > 1) {
      this.#limit = Math.ceil(events.length / 2);
      return false;
    }
    this.#refusals += 1;
    return this.#refusals >= this.#parts.settings.attemptsMax;
  }

  /** Nothing of it was wanted. */
  async #passed(standing: Standing, page: FeedPage): Promise<number> {
    this.#cursor = page.cursor;
    if (page.hasMore) return 0;
    this.#behindMs = undefined;
    const nowMs = this.#parts.clock.monotonicMs();
    const cursor = cursorText(page.cursor);
    if (cursor !== standing.place.cursor && nowMs - this.#standing.savedMs > WEBHOOK_PLACE_MS) {
      await this.#standing.save(standing, { ...standing.place, cursor });
    }
    return IDLE_MS;
  }

  async #moved(standing: Standing, { cursor, hasMore }: FeedPage, step: Step): Promise<void> {
    const isSaved = await this.#standing.step(standing, (place) => ({ ...step(place), cursor: cursorText(cursor) }));
    if (!isSaved) return;
    this.#cursor = cursor;
    this.#attempt = 1;
    this.#refusals = 0;
    this.#limit = Math.min(WEBHOOK_EVENTS_MAX, 2 * this.#limit);
    if (!hasMore) this.#behindMs = undefined;
  }

  /** On with the next ones; these can be delivered again by hand. */
  async #bury(standing: Standing, page: FeedPage, why: string): Promise<number> {
    const { webhooks, clock, counts } = this.#parts;
    if (standing.place.dead >= WEBHOOK_DEAD_MAX) return this.#giveUp(`Too much was refused; the last answer: ${why}.`);
    const letter = {
      ...{ from: cursorText(this.#cursor), to: cursorText(page.cursor), events: page.events.length },
      ...{ attempts: this.#attempt, why, atMs: clock.wallMs() },
    };
    const kept = await webhooks.addDeadLetter(this.#tenant, this.#id, letter);
    if (!kept.ok) return READ_RETRY_MS;
    counts.deadLetters += 1;
    await this.#moved(standing, page, (place) => ({ ...place, dead: place.dead + 1 }));
    return 0;
  }

  async #giveUp(reason: string): Promise<number> {
    const { webhooks, counts, report } = this.#parts;
    const disabled = await webhooks.disable(this.#tenant, this.#id, reason);
    if (!disabled.ok) return READ_RETRY_MS;
    counts.disabled += 1;
    report("webhook_disabled", { tenant: this.#tenant, webhook: this.#id, reason });
    this.#standing.changed();
    this.#attempt = 1;
    return 0;
  }

  async #load(): Promise<Standing | undefined> {
    const standing = await this.#standing.load();
    if (standing === undefined) return undefined;
    const { failing, cursor } = standing.place;
    this.#ahead = undefined;
    this.#attempt = failing === undefined ? 1 : failing.attempts + 1;
    this.#refusals = 0;
    this.#limit = WEBHOOK_EVENTS_MAX;
    this.#cursor = parseCursor(cursor) ?? FEED_START;
    return standing;
  }

  #next(hook: Webhook): Promise<Result<FeedPage, Rejection>> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead !== undefined && ahead.cursor === this.#cursor ? ahead.page : this.#read(hook, this.#cursor);
  }

  /** While a page is on its way. */
  #readAhead(hook: Webhook, cursor: FeedCursor): void {
    this.#ahead = { cursor, page: this.#read(hook, cursor) };
  }

  #read({ types, rooms }: Webhook, cursor: FeedCursor): Promise<Result<FeedPage, Rejection>> {
    const limit = this.#limit;
    return this.#parts.reader.page(this.#tenant, cursor, { limit, ...(types && { types }), ...(rooms && { rooms }) });
  }

  /** Doubles, with half of it by lot, so that not all come back at once. */
  #pauseMs(attempt: number, retryAfterMs = 0): number {
    const { settings, random } = this.#parts;
    const fullMs = Math.min(settings.retryMsMax, WEBHOOK_RETRY_MS * 2 ** Math.min(30, attempt - 1));
    return Math.max(retryAfterMs, fullMs / 2 + (fullMs / 2) * random.next());
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      const wake = (): void => {
        timer?.cancel();
        this.#wake = undefined;
        resolve();
      };
      timer = this.#parts.clock.after(ms, wake);
      this.#wake = wake;
    });
  }
}
