/**
 * The engine as REST uses it: whoever writes something does so under the name and picture that they chose, or that a profile
 * service gave them, as on a socket. A socket is told once by its person's actor; a REST request comes with nothing but its
 * token, so this is asked for and remembered for a moment.
 * Invariant: at another node's edge a change counts after `PROFILES_REMEMBERED_MS` at most.
 */
import type { Call, ReplyOf } from "../../actors/calls.ts";
import type { Profile } from "../../actors/link.ts";
import { type Clock, SystemClock } from "../../base/clock.ts";
import { PROFILES_REMEMBERED_MAX, PROFILES_REMEMBERED_MS } from "../../base/limits.ts";
import type { Result } from "../../base/result.ts";
import type { Principal } from "../../domain/principal.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Engine } from "../ports.ts";

export class ProfiledEngine implements Engine {
  readonly #engine: Engine;
  readonly #clock: Clock;
  /** What goes before people's tokens, by `tenant/user`; in the order asked for. */
  readonly #chosen = new Map<string, { readonly own: Profile; readonly untilMs: number }>();

  constructor(engine: Engine, clock: Clock = new SystemClock()) {
    this.#engine = engine;
    this.#clock = clock;
  }

  async call<C extends Call>(principal: Principal, call: C): Promise<Result<ReplyOf<C>, Rejection>> {
    if (call.to === "user") {
      if (call.kind === "update_profile") this.#chosen.delete(keyOf(principal));
      return this.#engine.call(principal, call);
    }
    const isShown = call.kind === "mutate" || call.kind === "typing";
    return this.#engine.call(isShown ? { ...principal, ...(await this.#own(principal)) } : principal, call);
  }

  async #own(principal: Principal): Promise<Profile> {
    const key = keyOf(principal);
    const known = this.#chosen.get(key);
    if (known !== undefined && known.untilMs > this.#clock.monotonicMs()) return known.own;
    const { userId } = principal;
    const view = await this.#engine.call(principal, {
      to: "user",
      user: userId,
      kind: "get_presence",
      userId,
      settled: true,
    });
    // Rather under the token's name than not at all.
    if (!view.ok) return {};
    this.#chosen.delete(key);
    this.#chosen.set(key, { own: view.value.own, untilMs: this.#clock.monotonicMs() + PROFILES_REMEMBERED_MS });
    if (this.#chosen.size > PROFILES_REMEMBERED_MAX) {
      const oldest = this.#chosen.keys().next();
      if (!oldest.done) this.#chosen.delete(oldest.value);
    }
    return view.value.own;
  }
}

function keyOf({ tenant, userId }: Principal): string {
  return `${tenant}/${userId}`;
}
