/**
 * The engine as REST uses it: whoever writes something does so under the name and picture that they chose, or that a profile
 * service gave them, as on a socket. A socket is told once by its person's actor; a REST request comes with nothing but its
 * token, so this is asked for (`circle/profiles.ts`). Whoever chooses another one is answered when all edges know it.
 */
import type { Call, ReplyOf } from "../../actors/calls.ts";
import type { Result } from "../../base/result.ts";
import type { Principal } from "../../domain/principal.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Profiles } from "../circle/profiles.ts";
import type { Engine } from "../ports.ts";

export class ProfiledEngine implements Engine {
  readonly #engine: Engine;
  readonly #profiles: Pick<Profiles, "of" | "changed">;

  constructor(engine: Engine, profiles: Pick<Profiles, "of" | "changed">) {
    this.#engine = engine;
    this.#profiles = profiles;
  }

  async call<C extends Call>(principal: Principal, call: C): Promise<Result<ReplyOf<C>, Rejection>> {
    if (call.to === "user") {
      const done = await this.#engine.call(principal, call);
      const isShown = call.kind === "update_profile" && (call.name !== undefined || call.avatar !== undefined);
      if (isShown) await this.#profiles.changed(principal.tenant, principal.userId);
      return done;
    }
    const isShown = call.kind === "mutate" || call.kind === "typing";
    return this.#engine.call(isShown ? { ...principal, ...(await this.#profiles.of(principal)) } : principal, call);
  }
}
