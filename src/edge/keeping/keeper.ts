/**
 * The engine's own hand on rooms and documents, for retention and erasure: asks again while the answer is that it can't be done
 * now. Invariant: what asks here was allowed where the request came in; nothing here looks at who it was.
 */
import type { KeepAsk, KeepReply, UserKeepAsk, UserKeepReply } from "../../actors/keeping-calls.ts";
import type { Clock } from "../../base/clock.ts";
import type { RoomId, TenantId } from "../../base/ids.ts";
import type { Result } from "../../base/result.ts";
import { ENGINE_USER, engineOf } from "../../domain/principal.ts";
import { ERRORS, type Rejection } from "../../protocol/errors.ts";
import type { Engine } from "../ports.ts";

/** How often something is asked that can't be done now, and the longest pause between, milliseconds. */
const ATTEMPTS_MAX = 30;
const PAUSE_MS_MAX = 2_000;
const PAUSE_MS = 100;

export class Keeper {
  readonly #engine: Engine;
  readonly #clock: Clock;

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  room(tenant: TenantId, room: RoomId, ask: KeepAsk): Promise<Result<KeepReply, Rejection>> {
    return this.#again(() => this.#engine.call(engineOf(tenant), { to: "room", room, kind: "keep", ask }));
  }

  /** Of the actor of `user`, or of the engine's own. */
  user(tenant: TenantId, ask: UserKeepAsk, user = ENGINE_USER): Promise<Result<UserKeepReply, Rejection>> {
    const by = { ...engineOf(tenant), userId: user };
    return this.#again(() => this.#engine.call(by, { to: "user", user, kind: "keep", ask }));
  }

  /** An entry in the tenant's audit log; best effort. */
  async note(tenant: TenantId, place: string, entry: object, room?: RoomId): Promise<void> {
    await this.user(tenant, { do: "note", place, entry, ...(room !== undefined && { room }) });
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }

  nowMs(): number {
    return this.#clock.wallMs();
  }

  async #again<Value>(ask: () => Promise<Result<Value, Rejection>>): Promise<Result<Value, Rejection>> {
    for (let attempt = 1; ; attempt += 1) {
      const answered = await ask();
      if (answered.ok || !ERRORS[answered.error.code].temporary || attempt >= ATTEMPTS_MAX) return answered;
      await this.pause(Math.min(PAUSE_MS_MAX, answered.error.retryAfterMs ?? PAUSE_MS * attempt));
    }
  }
}
