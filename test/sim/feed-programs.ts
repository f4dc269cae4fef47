/**
 * Programs of a tenant, outside of its server: an administrator who makes a webhook, pauses it, and has it begin anew; and one that reads
 * the feed as a named consumer, at its own pace. They ask whatever node is there, again until it answers.
 */
import type { TenantId, UserId } from "../../src/base/ids.ts";
import type { SeededRandom } from "../../src/base/prng.ts";
import type { Result } from "../../src/base/result.ts";
import { cursorText, parseCursor } from "../../src/feed/cursor.ts";
import type { Rejection } from "../../src/protocol/errors.ts";
import type { Receivers } from "./receivers.ts";
import type { FeedDesk, SimNode } from "./sim-node.ts";
import type { EventQueue } from "./virtual-clock.ts";

export interface ProgramParts {
  readonly queue: EventQueue;
  readonly random: SeededRandom;
  readonly receivers: Receivers;
  readonly tenant: TenantId;
  readonly node: () => SimNode | undefined;
}

const CONSUMER = "bot";
const BY = "user-0" as UserId;
/** How long a program waits for an answer, milliseconds. */
const PATIENCE_MS = 8_000;
const AGAIN_MS_MAX = 300;
const PAUSED_MS_MAX = 3_000;
/** Of what a program reads it fails to deal with so much. */
const CLUMSINESS = 0.1;

export class FeedPrograms {
  readonly #parts: ProgramParts;
  #webhook: string | undefined;
  #isStopped = false;

  constructor(parts: ProgramParts) {
    this.#parts = parts;
  }

  start(): void {
    const { tenant, receivers } = this.#parts;
    this.#insist(
      ({ webhooks }) => webhooks.create(tenant, { url: "https://receiver.example" }, { by: BY, from: "beginning" }),
      ({ id }) => {
        this.#webhook = id;
        receivers.expect(id);
      },
    );
    this.#insist(
      ({ feed }) => feed.put(tenant, CONSUMER, { by: BY, from: "beginning" }),
      () => {
        receivers.expect(CONSUMER);
        this.#read();
      },
    );
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Paused for a while, or all of it once more. */
  disturb(): void {
    const { tenant, random, queue } = this.#parts;
    const id = this.#webhook;
    if (id === undefined) return;
    if (random.next() < 0.4) {
      this.#insist(
        ({ webhooks }) => webhooks.replay(tenant, id, "beginning"),
        () => undefined,
      );
      return;
    }
    const pause = (isPaused: boolean, then: () => void): void =>
      this.#insist(({ webhooks }) => webhooks.change(tenant, id, { isPaused }), then);
    pause(true, () => queue.after(random.next() * PAUSED_MS_MAX, () => pause(false, () => undefined)));
  }

  /** What was asked of a node that stood still may be done after what was asked since: whoever looks switches the webhook on again. */
  switchOn(): void {
    const { tenant } = this.#parts;
    const id = this.#webhook;
    if (id === undefined) return;
    this.#insist(
      ({ webhooks }) => webhooks.change(tenant, id, { isPaused: false }),
      () => undefined,
    );
  }

  #read(): void {
    const { tenant, receivers, random } = this.#parts;
    this.#insist(
      ({ feed }) => feed.next(tenant, CONSUMER, { limit: 1 + random.below(60), waitMs: 1_000 }),
      (page) => {
        const [from, to] = [parseCursor(page.from), page.cursor];
        if (from === undefined) throw new Error(`"${page.from}" is no cursor`);
        const isTaken = random.next() >= CLUMSINESS;
        if (page.events.length > 0 || page.missing.length > 0) receivers.note(CONSUMER, { page, from, to }, isTaken);
        if (!isTaken) return this.#later(() => this.#read());
        this.#commit(page.from, cursorText(page.cursor));
      },
    );
  }

  /** Whether it was done or not: what comes next is asked of the server. */
  #commit(from: string, after: string): void {
    const { tenant } = this.#parts;
    this.#ask(
      ({ feed }) => feed.commit(tenant, CONSUMER, { after, from }),
      () => this.#later(() => this.#read()),
    );
  }

  /** Until it is done. */
  #insist<Value>(run: (desk: FeedDesk) => Promise<Result<Value, Rejection>>, then: (value: Value) => void): void {
    this.#ask(run, (result) => {
      if (result?.ok === true) then(result.value);
      else this.#later(() => this.#insist(run, then));
    });
  }

  /** `undefined`: nobody answered. */
  #ask<Value>(
    run: (desk: FeedDesk) => Promise<Result<Value, Rejection>>,
    done: (result: Result<Value, Rejection> | undefined) => void,
  ): void {
    if (this.#isStopped) return;
    const node = this.#parts.node();
    let isOver = false;
    const end = (result: Result<Value, Rejection> | undefined): void => {
      if (isOver) return;
      isOver = true;
      timer.cancel();
      done(result);
    };
    const timer = this.#parts.queue.after(node === undefined ? AGAIN_MS_MAX : PATIENCE_MS, () => end(undefined));
    node?.atDesk((desk) => void run(desk).then((result) => node.isDead || end(result)));
  }

  #later(run: () => void): void {
    this.#parts.queue.after(1 + this.#parts.random.next() * AGAIN_MS_MAX, run);
  }
}
