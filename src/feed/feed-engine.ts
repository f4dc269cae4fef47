/** What the feed needs of the engine, in whatever thread: calls to rooms, and documents. */
import type { Call, ReplyOf } from "../actors/calls.ts";
import type { UserKeepAsk, UserKeepReply } from "../actors/keeping-calls.ts";
import type { Clock } from "../base/clock.ts";
import type { TenantId } from "../base/ids.ts";
import { ok, type Result } from "../base/result.ts";
import { engineOf, type Principal } from "../domain/principal.ts";
import { ERRORS, type Rejection } from "../protocol/errors.ts";

/** Never rejects: failures are values. */
export interface FeedEngine {
  call<C extends Call>(by: Principal, call: C): Promise<Result<ReplyOf<C>, Rejection>>;
}

export interface Stored<Value> {
  readonly id: string;
  readonly value: Value;
  readonly version: number;
}

export interface DocumentPage {
  readonly after?: string | undefined;
  readonly limit: number;
  readonly backward?: boolean;
}

const ATTEMPTS_MAX = 5;
const PAUSE_MS = 100;
const PAUSE_MS_MAX = 1_000;

/** A tenant's documents, asked for again while the store does not answer. Who names a collection is the only one to write there. */
export class FeedDocuments {
  readonly #engine: FeedEngine;
  readonly #clock: Clock;

  constructor(engine: FeedEngine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  async read<Value>(
    tenant: TenantId,
    collection: string,
    id: string,
  ): Promise<Result<Stored<Value> | null, Rejection>> {
    const read = await this.#ask(tenant, { do: "document", collection, id });
    if (!read.ok) return read;
    const { document } = read.value;
    return ok(document == null ? null : { id, value: document.value as Value, version: document.version });
  }

  /** Whether it was at `expectedVersion`, and so was written. `null` removes. */
  async write(
    tenant: TenantId,
    collection: string,
    id: string,
    value: object | null,
    expectedVersion: number,
  ): Promise<Result<boolean, Rejection>> {
    const written = await this.#ask(tenant, { do: "write", collection, id, value, expectedVersion });
    return written.ok ? ok(written.value.written === true) : written;
  }

  /** In the order of their ids. */
  async list<Value>(
    tenant: TenantId,
    collection: string,
    { after, limit, backward = false }: DocumentPage,
  ): Promise<Result<readonly Stored<Value>[], Rejection>> {
    const from = after === undefined ? {} : { after };
    const page = await this.#ask(tenant, { do: "documents", collection, limit, ...from, backward });
    return page.ok ? ok((page.value.documents ?? []) as readonly Stored<Value>[]) : page;
  }

  async #ask(tenant: TenantId, ask: UserKeepAsk): Promise<Result<UserKeepReply, Rejection>> {
    const by = engineOf(tenant);
    for (let attempt = 1; ; attempt += 1) {
      const answered = await this.#engine.call(by, { to: "user", user: by.userId, kind: "keep", ask });
      if (answered.ok || !ERRORS[answered.error.code].temporary || attempt >= ATTEMPTS_MAX) return answered;
      const pauseMs = Math.min(PAUSE_MS_MAX, answered.error.retryAfterMs ?? PAUSE_MS * attempt);
      await new Promise<void>((resolve) => this.#clock.after(pauseMs, resolve));
    }
  }
}
