/**
 * What people, rooms and tenants may spend in a day, in tokens: reserved before a provider is asked, settled afterwards.
 * One document per purse, written under its version, so that nodes never spend the same tokens twice. A crash in between
 * leaves a reservation standing until the day is over: too little is spent then, never too much.
 */
import { DAY_MS } from "../base/days.ts";
import type { Clock } from "../base/clock.ts";
import type { RoomId, TenantId, UserId } from "../base/ids.ts";
import { AI_BUDGET_ATTEMPTS_MAX, AI_BUDGET_PATIENCE_MS } from "../base/limits.ts";
import type { Random } from "../base/prng.ts";
import { ASSISTANT_USAGE, MODERATION_PURSE, TENANT_PURSE, type UsageRow } from "../domain/assistant/usage.ts";
import type { Done } from "../storage/journal.ts";
import type { DocumentOutcome, Projections } from "../storage/projections.ts";

/** Tokens a day; 0: as many as they like. */
export interface Budgets {
  readonly user: number;
  readonly room: number;
  readonly tenant: number;
  /** Of a tenant, for judging messages. */
  readonly moderation: number;
}
/** Of one question, or of judging a message, which is no person's. */
export type Spender =
  | { readonly tenant: TenantId; readonly room?: RoomId; readonly user: UserId; readonly moderation?: never }
  | { readonly tenant: TenantId; readonly moderation: true };
export interface Reservation {
  readonly spender: Spender;
  readonly day: string;
  readonly tokens: number;
}
export type Reserved = Reservation | "exhausted" | "unavailable";

interface Change {
  readonly day: string;
  readonly tokens: number;
  readonly requests: number;
  /** 0: none. */
  readonly limit: number;
  readonly done: (outcome: "written" | "exhausted" | "unavailable") => void;
}
interface Purse {
  readonly tenant: TenantId;
  readonly id: string;
  readonly waiting: Change[];
  busy: boolean;
}

const RETRY_MS = 5;

export class UsageLedger {
  readonly #projections: Projections;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #budgets: Budgets;
  readonly #purses = new Map<string, Purse>();

  constructor(projections: Projections, clock: Clock, random: Random, budgets: Budgets) {
    this.#projections = projections;
    this.#clock = clock;
    this.#random = random;
    this.#budgets = budgets;
  }

  /** All of the spender's purses have so much, or none of them gives anything. */
  reserve(spender: Spender, tokens: number, done: (reserved: Reserved) => void): void {
    const reservation = { spender, day: this.#day(), tokens };
    const purses = this.#pursesOf(spender);
    const given: string[] = [];
    let refused: "exhausted" | "unavailable" | undefined;
    let left = purses.length;
    const answered = (id: string, outcome: "written" | "exhausted" | "unavailable"): void => {
      if (outcome === "written") given.push(id);
      else refused ??= outcome;
      left -= 1;
      if (left > 0) return;
      if (refused === undefined) return done(reservation);
      for (const one of given) this.#giveBack(reservation, one, -tokens, -1);
      done(refused);
    };
    // All at once: they are one commit, where one after another would be as many.
    for (const { id, limit } of purses) {
      const change = { day: reservation.day, tokens, requests: 1, limit };
      this.#change(spender.tenant, id, { ...change, done: (outcome) => answered(id, outcome) });
    }
  }

  /** What was really spent stands in the place of what was reserved. */
  settle(reservation: Reservation, tokens: number): void {
    const difference = tokens - reservation.tokens;
    if (difference === 0) return;
    for (const { id } of this.#pursesOf(reservation.spender)) this.#giveBack(reservation, id, difference, 0);
  }

  /** Until all purses are full again, milliseconds. */
  get untilTomorrowMs(): number {
    return DAY_MS - (this.#clock.wallMs() % DAY_MS);
  }

  #giveBack({ spender, day }: Reservation, id: string, tokens: number, requests: number): void {
    this.#change(spender.tenant, id, { day, tokens, requests, limit: 0, done: () => undefined });
  }

  #pursesOf(spender: Spender): readonly { readonly id: string; readonly limit: number }[] {
    if (spender.moderation === true) return [{ id: MODERATION_PURSE, limit: this.#budgets.moderation }];
    const { user, room } = spender;
    return [
      { id: `u/${user}`, limit: this.#budgets.user },
      ...(room === undefined ? [] : [{ id: `r/${room}`, limit: this.#budgets.room }]),
      { id: TENANT_PURSE, limit: this.#budgets.tenant },
    ];
  }

  /** The calendar day in UTC. */
  #day(): string {
    return new Date(this.#clock.wallMs()).toISOString().slice(0, 10);
  }

  #change(tenant: TenantId, id: string, change: Change): void {
    const key = `${tenant}/${id}`;
    let purse = this.#purses.get(key);
    if (purse === undefined) {
      purse = { tenant, id, waiting: [], busy: false };
      this.#purses.set(key, purse);
    }
    purse.waiting.push(change);
    if (!purse.busy) this.#write(key, purse, AI_BUDGET_ATTEMPTS_MAX);
  }

  /** All that waits for one purse is one write. */
  #write(key: string, purse: Purse, attempts: number): void {
    if (purse.waiting.length === 0) {
      purse.busy = false;
      this.#purses.delete(key);
      return;
    }
    purse.busy = true;
    const { tenant, id } = purse;
    const changes = purse.waiting.splice(0);
    const again = (): void => {
      purse.waiting.unshift(...changes);
      if (attempts > 1) {
        this.#clock.after(RETRY_MS * (1 + Math.floor(this.#random.next() * 8)), () =>
          this.#write(key, purse, attempts - 1),
        );
        return;
      }
      for (const { done } of purse.waiting.splice(0)) done("unavailable");
      this.#write(key, purse, AI_BUDGET_ATTEMPTS_MAX);
    };
    this.#projections.readDocument(tenant, ASSISTANT_USAGE, id, (read) => {
      if (!read.ok) return again();
      const { row, outcomes } = spent(read.value?.value as UsageRow | undefined, changes);
      const finish = (): void => {
        for (const [i, { done }] of changes.entries()) done(outcomes[i] ?? "unavailable");
        this.#write(key, purse, AI_BUDGET_ATTEMPTS_MAX);
      };
      if (row === undefined) return finish();
      const written: Done<DocumentOutcome> = (outcome) => {
        if (outcome.ok && outcome.value === "written") finish();
        else again();
      };
      const version = read.value?.version ?? 0;
      this.#projections.writeDocument(tenant, ASSISTANT_USAGE, id, row, version, written, AI_BUDGET_PATIENCE_MS);
    });
  }
}

/** `row` is `undefined` when there is nothing to write. */
function spent(
  standing: UsageRow | undefined,
  changes: readonly Change[],
): { readonly row: UsageRow | undefined; readonly outcomes: readonly ("written" | "exhausted")[] } {
  let { day, tokens, requests } = standing ?? { day: "", tokens: 0, requests: 0 };
  let isChanged = false;
  const outcomes = changes.map((change) => {
    if (change.day > day) {
      day = change.day;
      tokens = 0;
      requests = 0;
    }
    // Whoever asks for tokens spends of the day that has begun, whatever their clock says; else a day that is over changes nothing.
    if (change.day < day && change.requests <= 0) return "written";
    if (change.limit > 0 && tokens + change.tokens > change.limit) return "exhausted";
    tokens = Math.max(0, tokens + change.tokens);
    requests = Math.max(0, requests + change.requests);
    isChanged = true;
    return "written";
  });
  return { row: isChanged ? { day, tokens, requests } : undefined, outcomes };
}
