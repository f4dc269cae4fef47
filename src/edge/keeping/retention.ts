/**
 * Retention across rooms: which of them have messages that are older than they are kept, and taking these away, one room after
 * the other and slowly; also of rooms that nobody looks at. One node of a cluster does it for all.
 * Invariant: each step may be done twice, or by two nodes; what is held stays.
 */
import { DAY_MS } from "../../base/days.ts";
import type { DueView, KeptLog, LogPlace } from "../../actors/keeping-calls.ts";
import { NO_TENANT, type RoomId, type TenantId, type UserId } from "../../base/ids.ts";
import { RETENTION_GUARD_MS } from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Rejection } from "../../protocol/errors.ts";
import { readHolds } from "./holds.ts";
import type { Keeper } from "./keeper.ts";
import type { Log } from "../log.ts";

const LOGS_PER_PAGE = 100;
/** Between two steps in one room, and between two rooms or pages of rooms, milliseconds: it is in no hurry. */
const STEP_PAUSE_MS = 5;
const ROOM_PAUSE_MS = 5;
const FIRST_SWEEP_MS = 60_000;
const STEPS_MAX = 1_000_000;

/** What retention would take of a room, or has taken. */
export interface RoomRetentionReport {
  readonly roomId: RoomId;
  readonly days: number;
  readonly messages: number;
  readonly segments: number;
  readonly bytes: number;
  /** Milliseconds since 1970; of the oldest event that is due. */
  readonly oldestMs?: number;
  readonly held?: "tenant" | "room" | "user";
}

export interface RetentionOptions {
  readonly keeper: Keeper;
  readonly log: Log;
  readonly days: number | undefined;
  readonly everyMs: number;
  /** Is it this node that sweeps? */
  readonly isTurn: () => boolean;
}

export class Retention {
  readonly #options: RetentionOptions;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  start(): void {
    this.#next(Math.min(FIRST_SWEEP_MS, this.#options.everyMs));
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** Rooms of one tenant, a page of them, with what is due in each. `next`: where the following page begins. */
  async look(
    tenant: TenantId,
    page: { readonly after?: string; readonly limit: number; readonly room?: RoomId },
  ): Promise<Result<{ readonly rooms: readonly RoomRetentionReport[]; readonly next?: string }, Rejection>> {
    return this.#each(tenant, page, false);
  }

  /** The same, and takes it away. */
  async run(
    tenant: TenantId,
    page: { readonly after?: string; readonly limit: number; readonly room?: RoomId },
  ): Promise<Result<{ readonly rooms: readonly RoomRetentionReport[]; readonly next?: string }, Rejection>> {
    return this.#each(tenant, page, true);
  }

  /** All rooms of all tenants once. */
  async sweep(): Promise<void> {
    const { keeper, log } = this.#options;
    let after: string | undefined;
    do {
      const from: { readonly after?: string } = after === undefined ? {} : { after };
      const page = await keeper.user(NO_TENANT, { do: "logs", limit: LOGS_PER_PAGE, ...from });
      if (!page.ok) return log.warn({ error: page.error.code }, "retention_unavailable");
      for (const { tenant, room } of (page.value.logs ?? []).filter((one) => this.#mayBeDue(one))) {
        if (this.#isStopped) return;
        const done = await this.#room(tenant, room, true);
        if (!done.ok) log.warn({ tenant, room, error: done.error.code }, "retention_failed");
        await keeper.pause(ROOM_PAUSE_MS);
      }
      after = page.value.next;
      await keeper.pause(ROOM_PAUSE_MS);
    } while (after !== undefined && !this.#isStopped);
  }

  #next(ms: number): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      const { isTurn, everyMs } = this.#options;
      const swept = isTurn() ? this.sweep() : Promise.resolve();
      void swept.finally(() => this.#next(everyMs));
    }, ms);
    // A process is not kept alive by what can wait.
    this.#timer.unref();
  }

  #mayBeDue({ days: own, oldestMs }: KeptLog): boolean {
    const days = own || this.#options.days || 0;
    if (days === 0 || oldestMs === undefined) return false;
    return oldestMs < this.#options.keeper.nowMs() - days * DAY_MS - RETENTION_GUARD_MS;
  }

  async #each(
    tenant: TenantId,
    { after, limit, room }: { readonly after?: string; readonly limit: number; readonly room?: RoomId },
    isToGo: boolean,
  ): Promise<Result<{ readonly rooms: readonly RoomRetentionReport[]; readonly next?: string }, Rejection>> {
    const { keeper } = this.#options;
    if (room !== undefined) {
      const one = await this.#room(tenant, room, isToGo);
      return one.ok ? ok({ rooms: [one.value] }) : one;
    }
    const from = after === undefined ? {} : { after };
    const page = await keeper.user(tenant, { do: "logs", tenant, limit, ...from });
    if (!page.ok) return page;
    const rooms: RoomRetentionReport[] = [];
    for (const log of (page.value.logs ?? []).filter((one) => this.#mayBeDue(one))) {
      const one = await this.#room(tenant, log.room, isToGo);
      if (!one.ok) return one;
      rooms.push(one.value);
    }
    const { next } = page.value;
    return ok({ rooms, ...(next !== undefined && { next }) });
  }

  async #room(tenant: TenantId, roomId: RoomId, isToGo: boolean): Promise<Result<RoomRetentionReport, Rejection>> {
    const { keeper } = this.#options;
    let report: RoomRetentionReport = { roomId, days: 0, messages: 0, segments: 0, bytes: 0 };
    let after: LogPlace | undefined;
    for (let step = 0; step < STEPS_MAX; step += 1) {
      // Anew before each step: what is gone is gone.
      const holds = await readHolds(keeper, tenant);
      if (!holds.ok) return holds;
      const whole = holds.value.tenant ? "tenant" : holds.value.rooms.has(roomId) ? "room" : undefined;
      const heldUsers = [...holds.value.users] as UserId[];
      const from = after === undefined ? {} : { after };
      const asked = await keeper.room(tenant, roomId, { do: "due", heldUsers, ...from });
      if (!asked.ok) return asked;
      const { due } = asked.value;
      if (due === undefined) return ok(report);
      report = withDue(report, due);
      if (whole !== undefined) report = { ...report, held: whole };
      if (isToGo && whole === undefined) {
        const gone = await this.#trim(tenant, roomId, due.through ?? due.trimmed);
        if (!gone.ok) return gone;
      } else if (due.through !== undefined) {
        after = due.through;
      }
      if (!due.more) return ok(report);
      await keeper.pause(STEP_PAUSE_MS);
    }
    return ok(report);
  }

  /** First the log says so, then what is stored goes; also what a former attempt left. */
  async #trim(tenant: TenantId, room: RoomId, through: LogPlace): Promise<Result<true, Rejection>> {
    if (through.seq === 0) return ok(true);
    const { keeper } = this.#options;
    let front = -1;
    for (let step = 0; step < STEPS_MAX; step += 1) {
      const done = await keeper.room(tenant, room, { do: "trim", through });
      if (!done.ok) return done;
      if (done.value.more !== true) return ok(true);
      if (done.value.front !== undefined && done.value.front <= front) {
        return err({ code: "unavailable", retryAfterMs: 1_000 });
      }
      front = done.value.front ?? front;
      await keeper.pause(STEP_PAUSE_MS);
    }
    return ok(true);
  }
}

function withDue(report: RoomRetentionReport, due: DueView): RoomRetentionReport {
  const { oldestMs = report.segments === 0 && due.segments > 0 ? due.oldestMs : undefined } = report;
  return {
    ...report,
    days: due.days,
    messages: report.messages + due.messages,
    segments: report.segments + due.segments,
    bytes: report.bytes + due.bytes,
    ...(oldestMs !== undefined && { oldestMs }),
    ...(due.held && { held: "user" as const }),
  };
}
