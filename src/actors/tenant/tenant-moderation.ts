/**
 * What tenants ask of all their rooms, as this shard knows it: rules, whether the pre-publish hook is asked, and how much
 * may be written.
 * A tenant's wishes are read when one of its rooms is first active, and now and then while people speak.
 * Invariant: nothing is published by wishes that are not known; known ones are older than `TENANT_RULES_MS` only while the
 * store does not answer.
 */
import type { TenantId } from "../../base/ids.ts";
import { TENANT_RULES_KEPT_MAX, TENANT_RULES_MS } from "../../base/limits.ts";
import { lesser, type Rate } from "../../base/token-bucket.ts";
import type { TenantModeration } from "../../domain/moderation/rules.ts";
import type { ReadResult } from "../../storage/journal.ts";
import type { Projections, StoredDocument } from "../../storage/projections.ts";
import type { TenantLimits, TenantTrace } from "../tenant-calls.ts";

export const TENANT_COLLECTION = "moderation";
export const TENANT_RULES = "rules";
/** What a tenant's administrators set beside its rules: how much may be asked and written. */
export const TENANT_SETTINGS = "tenant";
export const TENANT_LIMITS = "limits";
export const TENANT_TRACE = "trace";
export const TENANT_NOTIFY = "notifications";

/** A tenant's wishes. Rooms hold it as long as they live. */
export class TenantWishes {
  /** `undefined`: nothing is asked. */
  current: TenantModeration | undefined;
  isKnown = false;
  /** How much people may write in each of its rooms: the installation's bound, or the tenant's own where that is less. */
  roomRate: Rate | undefined;
  /** Until then administrators want to be able to ask what became of a message, milliseconds since 1970; 0: they do not. */
  traceUntilMs = 0;
  /** Since when this shard knows that, without a break; 0: they do not, or did not when it looked. */
  tracedFromMs = 0;
  /** Wall clock, between which the wishes count as new: a clock that jumps makes them old. */
  fromMs = 0;
  untilMs = 0;
  reading = false;
  /** They were changed while they were being read: what comes of that may be from before. */
  isOutdated = false;
  /** Who waits until they are known. */
  readonly waiting: ((known: boolean) => void)[] = [];

  /** They want it until then. */
  noteTrace(untilMs: number, nowMs: number): void {
    this.traceUntilMs = untilMs;
    if (untilMs <= nowMs) this.tracedFromMs = 0;
    else if (this.tracedFromMs === 0) this.tracedFromMs = nowMs;
  }

  isNewAt(nowMs: number): boolean {
    return nowMs < this.untilMs && nowMs >= this.fromMs;
  }
}

export class TenantModerations {
  readonly #projections: Projections;
  readonly #now: () => number;
  readonly #roomRate: Rate | undefined;
  readonly #byTenant = new Map<TenantId, TenantWishes>();

  constructor(projections: Projections, now: () => number, roomRate?: Rate) {
    this.#projections = projections;
    this.#now = now;
    this.#roomRate = roomRate;
  }

  of(tenant: TenantId): TenantWishes {
    const known = this.#byTenant.get(tenant);
    if (known !== undefined) return known;
    // Rooms of a tenant that is forgotten here keep what they hold, and renew it themselves.
    if (this.#byTenant.size >= TENANT_RULES_KEPT_MAX) this.#byTenant.clear();
    const wishes = new TenantWishes();
    wishes.roomRate = this.#roomRate;
    this.#byTenant.set(tenant, wishes);
    return wishes;
  }

  /** Somebody changed them here: they are read at once. `known` is called when they have been, or could not be. */
  outdate(tenant: TenantId, known?: () => void): void {
    const wishes = this.of(tenant);
    wishes.untilMs = 0;
    wishes.isOutdated = wishes.reading;
    if (known !== undefined) wishes.waiting.push(known);
    this.renew(tenant, wishes);
  }

  /** Reads them anew unless that is under way. */
  renew(tenant: TenantId, wishes: TenantWishes): void {
    if (wishes.reading) return;
    wishes.reading = true;
    // At once: a first message waits for the other two.
    this.#projections.readDocument(tenant, TENANT_SETTINGS, TENANT_TRACE, (trace) => {
      if (trace.ok) wishes.noteTrace((trace.value?.value as TenantTrace | undefined)?.untilMs ?? 0, this.#now());
    });
    this.#projections.readDocument(tenant, TENANT_SETTINGS, TENANT_LIMITS, (limits) => {
      if (limits.ok) this.#limit(wishes, (limits.value?.value as TenantLimits | undefined)?.room);
      this.#projections.readDocument(tenant, TENANT_COLLECTION, TENANT_RULES, (read) => {
        wishes.reading = false;
        if (!wishes.isOutdated) return this.#learn(wishes, read);
        wishes.isOutdated = false;
        this.renew(tenant, wishes);
      });
    });
  }

  /** The same object while nothing changed, so that rooms need not compare. */
  #limit(wishes: TenantWishes, own: Rate | undefined): void {
    const rate = lesser(this.#roomRate, own);
    const { roomRate: known } = wishes;
    if (rate?.perSecond !== known?.perSecond || rate?.burst !== known?.burst) wishes.roomRate = rate;
  }

  #learn(wishes: TenantWishes, read: ReadResult<StoredDocument | null>): void {
    if (read.ok) {
      const nowMs = this.#now();
      wishes.isKnown = true;
      wishes.fromMs = nowMs;
      wishes.untilMs = nowMs + TENANT_RULES_MS;
      wishes.current = wishesOf(read.value?.value, wishes.current);
    }
    for (const waiting of wishes.waiting.splice(0)) waiting(wishes.isKnown);
  }
}

/** The same object while nothing changed: its rules are compiled once. */
function wishesOf(value: object | undefined, before: TenantModeration | undefined): TenantModeration | undefined {
  if (value === undefined) return undefined;
  const { rules, hook } = value as TenantModeration;
  if (rules.length === 0 && !hook) return undefined;
  const now: TenantModeration = { rules, hook };
  return JSON.stringify(now) === JSON.stringify(before) ? before : now;
}
