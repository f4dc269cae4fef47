/**
 * Erasures as long works: each a document that says how far it is, so that whoever finds one that nobody works on goes on with
 * it. One after the other on each node. Invariant: an erasure is done when all of its steps were done since it was asked for;
 * its report says what was taken away, and what remains and why.
 */
import { randomBytes } from "node:crypto";
import { NO_TENANT, type TenantId, type UserId } from "../../base/ids.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { ErasureCounts, ErasureSteps, Subject } from "./erasure-steps.ts";
import { readHolds } from "./holds.ts";
import type { Keeper } from "./keeper.ts";
import type { Log } from "../log.ts";
import { ALWAYS, FREE_PAGES, HELD, type Remaining } from "./what-remains.ts";

const COLLECTION = "erasures";
/** Of no tenant: which works are not done. */
const OPEN = "erasures_open";
const ROOMS_PER_PAGE = 10;
const LOOK_MS = 30_000;
const SEARCH_MS_MAX = 60_000;
const SEARCH_POLL_MS = 100;
/** How far behind the index is, is told twice a second. */
const SEARCH_TOLD_MS = 1_500;
const CLEAN_ATTEMPTS = 10;
const CLEAN_PAUSE_MS = 500;

export interface Erasure {
  readonly erasureId: string;
  readonly userId: UserId;
  readonly by: UserId;
  readonly state: "running" | "done" | "held";
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly touchedAt: number;
  readonly finishedAt?: number;
  readonly roomsDone: number;
  /** Where the next page of rooms begins; `null`: all were looked at. */
  readonly cursor?: string | null;
  readonly counts: ErasureCounts;
  readonly remains: readonly Remaining[];
}

export interface ErasuresOptions {
  readonly keeper: Keeper;
  readonly steps: ErasureSteps;
  readonly log: Log;
  /** Events that the search index has not dealt with; `undefined`: there is none. */
  readonly searchBehind: () => number | undefined;
  readonly isTurn: () => boolean;
  /** One that nobody has touched for so long is nobody's, milliseconds. */
  readonly abandonedMs: number;
}

export class Erasures {
  readonly #options: ErasuresOptions;
  readonly #running = new Set<string>();
  #queue: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: ErasuresOptions) {
    this.#options = options;
  }

  start(): void {
    const look = (): void => {
      if (this.#options.isTurn()) void this.#resume();
    };
    look();
    this.#timer = setInterval(look, LOOK_MS);
    this.#timer.unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
  }

  /** Answers when it is on record; the work follows. */
  async begin(tenant: TenantId, userId: UserId, by: UserId): Promise<Result<Erasure, Rejection>> {
    const { keeper } = this.#options;
    const now = keeper.nowMs();
    const erasureId = `${String(now).padStart(16, "0")}${randomBytes(6).toString("hex")}`;
    const erasure: Erasure = {
      ...{ erasureId, userId, by, state: "running", startedAt: now, touchedAt: now },
      ...{ roomsDone: 0, counts: {}, remains: [] },
    };
    const saved = await this.#save(tenant, erasure, 0);
    if (!saved.ok) return saved;
    const open = { do: "write", collection: OPEN, id: openId(tenant, erasureId), expectedVersion: 0 } as const;
    const listed = await keeper.user(NO_TENANT, { ...open, value: { tenant, erasureId } });
    if (!listed.ok) return listed;
    await keeper.note(tenant, `erasure.${erasureId}`, { action: "erasure", by, userId, details: { erasureId } });
    this.#enqueue(tenant, erasureId);
    return ok(erasure);
  }

  async read(tenant: TenantId, id: string): Promise<Result<Erasure, Rejection>> {
    const read = await this.#options.keeper.user(tenant, { do: "document", collection: COLLECTION, id });
    if (!read.ok) return read;
    const { document } = read.value;
    return document == null
      ? err({ code: "not_found", message: "There is no such erasure." })
      : ok(erasureOf(document));
  }

  async list(
    tenant: TenantId,
    after: string | undefined,
    limit: number,
  ): Promise<Result<readonly Erasure[], Rejection>> {
    const from = after === undefined ? {} : { after };
    const page = await this.#options.keeper.user(tenant, { do: "documents", collection: COLLECTION, limit, ...from });
    return page.ok ? ok((page.value.documents ?? []).map(erasureOf)) : page;
  }

  async #resume(): Promise<void> {
    const { keeper, log, abandonedMs } = this.#options;
    const open = await keeper.user(NO_TENANT, { do: "documents", collection: OPEN, limit: 100 });
    if (!open.ok) return log.warn({ error: open.error.code }, "erasures_unavailable");
    for (const { value } of open.value.documents ?? []) {
      const { tenant, erasureId } = value as { readonly tenant: TenantId; readonly erasureId: string };
      const read = await this.read(tenant, erasureId);
      if (read.ok && read.value.touchedAt < keeper.nowMs() - abandonedMs) this.#enqueue(tenant, erasureId);
    }
  }

  #enqueue(tenant: TenantId, id: string): void {
    const name = openId(tenant, id);
    if (this.#running.has(name) || this.#isStopped) return;
    this.#running.add(name);
    this.#queue = this.#queue.then(async () => {
      const done = await this.#run(tenant, id).catch((error: unknown) =>
        err({ code: "internal", message: String(error) }),
      );
      if (!done.ok) this.#options.log.warn({ tenant, erasureId: id, error: done.error.code }, "erasure_interrupted");
      this.#running.delete(name);
    });
  }

  /** From where it stands to its end, or to the next interruption. */
  async #run(tenant: TenantId, id: string): Promise<Result<true, Rejection>> {
    const { keeper } = this.#options;
    const read = await keeper.user(tenant, { do: "document", collection: COLLECTION, id });
    if (!read.ok) return read;
    if (read.value.document == null) return ok(true);
    let erasure = erasureOf(read.value.document);
    let { version } = read.value.document;
    if (erasure.state !== "running") return this.#close(tenant, id);
    const save = async (change: Partial<Erasure>): Promise<Result<true, Rejection>> => {
      erasure = { ...erasure, ...change, touchedAt: keeper.nowMs() };
      const saved = await this.#save(tenant, erasure, version);
      version += 1;
      return saved;
    };
    const subject = { tenant, userId: erasure.userId };
    while (erasure.cursor !== null && !this.#isStopped) {
      const page = await this.#rooms(subject, erasure, (counts) => save({ counts }));
      if (!page.ok) return page;
      const saved = await save(page.value);
      if (!saved.ok) return saved;
      if (page.value.state === "held") return this.#close(tenant, id);
    }
    if (this.#isStopped) return err({ code: "shutting_down" });
    const beside = await this.#beside(subject);
    if (!beside.ok) return beside;
    if (beside.value === undefined) {
      const saved = await save(this.#stoppedBy(erasure));
      return saved.ok ? this.#close(tenant, id) : saved;
    }
    await this.#awaitSearch(tenant);
    const isClean = await this.#clean(subject);
    const counts = sumOf(erasure.counts, beside.value);
    const remains = [...erasure.remains, ...ALWAYS, ...(isClean ? [] : [FREE_PAGES])];
    const saved = await save({ state: "done", finishedAt: keeper.nowMs(), counts, remains });
    return saved.ok ? this.#close(tenant, id) : saved;
  }

  /** A page of rooms; what is held is left and named. */
  async #rooms(
    { tenant, userId }: Subject,
    erasure: Erasure,
    note: (counts: ErasureCounts) => Promise<Result<true, Rejection>>,
  ): Promise<Result<Partial<Erasure>, Rejection>> {
    const { keeper, steps } = this.#options;
    const from: { readonly after?: string } = typeof erasure.cursor === "string" ? { after: erasure.cursor } : {};
    const page = await keeper.user(tenant, { do: "logs", tenant, limit: ROOMS_PER_PAGE, ...from });
    if (!page.ok) return page;
    let { counts, remains } = erasure;
    const logs = page.value.logs ?? [];
    for (const { room } of logs) {
      const held = await this.#held({ tenant, userId });
      if (!held.ok) return held;
      if (held.value.all) return ok({ counts, ...this.#stoppedBy({ remains }) });
      if (held.value.rooms.has(room)) {
        remains = [...remains, { what: `room ${room}`, why: "legal hold" }];
        continue;
      }
      const done = await steps.room({ tenant, userId }, room);
      if (!done.ok) return done;
      if (Object.keys(done.value).length === 0) continue;
      counts = sumOf(counts, done.value, { rooms: 1 });
      // What was found here is found by nobody who begins this page anew.
      const noted = await note(counts);
      if (!noted.ok) return noted;
    }
    const change: Partial<Erasure> = {
      ...{ counts, remains },
      roomsDone: erasure.roomsDone + logs.length,
      cursor: page.value.next ?? null,
    };
    return ok(change);
  }

  /** Documents and rows that are in no room; `undefined`: they are on hold. */
  async #beside(subject: Subject): Promise<Result<ErasureCounts | undefined, Rejection>> {
    const { steps } = this.#options;
    const held = await this.#held(subject);
    if (!held.ok) return held;
    if (held.value.all) return ok(undefined);
    // First what their actor is about to write, last what it has read meanwhile.
    const before = await steps.person(subject);
    if (!before.ok) return before;
    const documents = await steps.documents(subject);
    if (!documents.ok) return documents;
    const after = await steps.person(subject);
    return after.ok ? ok(sumOf(before.value, documents.value, after.value)) : after;
  }

  /** Read anew before each room, and before the rest. `all`: whatever is theirs. */
  async #held({ tenant, userId }: Subject) {
    const holds = await readHolds(this.#options.keeper, tenant);
    return holds.ok
      ? ok({ all: holds.value.tenant || holds.value.users.has(userId), rooms: holds.value.rooms })
      : holds;
  }

  #stoppedBy({ remains }: Pick<Erasure, "remains">): Partial<Erasure> {
    return { state: "held", remains: [...remains, HELD], finishedAt: this.#options.keeper.nowMs() };
  }

  /** The index follows the logs, which say what is to be forgotten. */
  async #awaitSearch(tenant: TenantId): Promise<void> {
    const { keeper, searchBehind, steps } = this.#options;
    if (searchBehind() === undefined) return;
    await keeper.pause(SEARCH_TOLD_MS);
    for (let waited = 0; waited < SEARCH_MS_MAX && (searchBehind() ?? 0) > 0; waited += SEARCH_POLL_MS) {
      await keeper.pause(SEARCH_POLL_MS);
    }
    // What quotes were edited away is overwritten; with this it is in no log of the index's store either.
    await steps.settleSearch(tenant);
  }

  async #clean(subject: Subject): Promise<boolean> {
    for (let attempt = 0; attempt < CLEAN_ATTEMPTS; attempt += 1) {
      const cleaned = await this.#options.steps.clean(subject);
      if (cleaned.ok) return cleaned.value;
      await this.#options.keeper.pause(CLEAN_PAUSE_MS);
    }
    return false;
  }

  async #save(tenant: TenantId, value: Erasure, expectedVersion: number): Promise<Result<true, Rejection>> {
    const place = { collection: COLLECTION, id: value.erasureId, expectedVersion };
    const written = await this.#options.keeper.user(tenant, { do: "write", value, ...place });
    if (!written.ok) return written;
    // Another node has taken it over.
    return written.value.written === true ? ok(true) : err({ code: "conflict" });
  }

  /** It is nobody's work any more. */
  async #close(tenant: TenantId, id: string): Promise<Result<true, Rejection>> {
    const { keeper } = this.#options;
    const place = { collection: OPEN, id: openId(tenant, id) };
    const read = await keeper.user(NO_TENANT, { do: "document", ...place });
    if (!read.ok) return read;
    const { document } = read.value;
    if (document == null) return ok(true);
    const gone = { do: "write", value: null, expectedVersion: document.version } as const;
    const written = await keeper.user(NO_TENANT, { ...gone, ...place });
    return written.ok ? ok(true) : written;
  }
}

function openId(tenant: TenantId, id: string): string {
  return `${encodeURIComponent(tenant)}.${id}`;
}

/** Only this file writes there. */
function erasureOf({ value }: { readonly value: object }): Erasure {
  return value as Erasure;
}

function sumOf(...counts: readonly ErasureCounts[]): ErasureCounts {
  const sum: Record<string, number> = {};
  for (const one of counts) for (const [name, count] of Object.entries(one)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
