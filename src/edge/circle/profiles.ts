/**
 * How people are called who write over REST, asked of their actors and remembered for a moment; and when the edges of all nodes
 * know that somebody is called otherwise now. An edge's own connections are told by the person's actor, behind which an answer of
 * that actor to the edge comes: whoever has such an answer has been told.
 * Invariant: a change counts at an edge that has answered; at one that has not, after `PROFILES_REMEMBERED_MS` at most.
 */
import type { Profile } from "../../actors/link.ts";
import type { Clock } from "../../base/clock.ts";
import type { TenantId, UserId } from "../../base/ids.ts";
import { PROFILES_REMEMBERED_MAX, PROFILES_REMEMBERED_MS, PROFILES_TOLD_MS_MAX } from "../../base/limits.ts";
import { engineOf, type Principal } from "../../domain/principal.ts";
import type { Engine } from "../ports.ts";
import type { EdgeNotice } from "./edge-notices.ts";
import { Rounds } from "./rounds.ts";

export interface ProfilesPorts {
  readonly clock: Clock;
  readonly node: string;
  /** The other nodes there are now. */
  readonly others: () => readonly string[];
  readonly tell: (notice: EdgeNotice) => void;
  readonly engine: () => Engine;
}

export class Profiles {
  readonly #ports: ProfilesPorts;
  readonly #rounds: Rounds<{ readonly node: string }>;
  /** What goes before people's tokens, by `tenant/user`; in the order asked for. */
  readonly #chosen = new Map<string, { readonly own: Profile; readonly untilMs: number }>();

  constructor(ports: ProfilesPorts) {
    this.#ports = ports;
    this.#rounds = new Rounds(ports.clock, ports.others, PROFILES_TOLD_MS_MAX);
  }

  /** What goes before their token. */
  async of(principal: Principal): Promise<Profile> {
    const { engine, clock } = this.#ports;
    const { tenant, userId } = principal;
    const key = keyOf(tenant, userId);
    const known = this.#chosen.get(key);
    if (known !== undefined && known.untilMs > clock.monotonicMs()) return known.own;
    const call = { to: "user", user: userId, kind: "get_presence", userId, settled: true } as const;
    const view = await engine().call(principal, call);
    // Rather under the token's name than not at all.
    if (!view.ok) return {};
    this.#chosen.delete(key);
    this.#chosen.set(key, { own: view.value.own, untilMs: clock.monotonicMs() + PROFILES_REMEMBERED_MS });
    if (this.#chosen.size > PROFILES_REMEMBERED_MAX) {
      const oldest = this.#chosen.keys().next();
      if (!oldest.done) this.#chosen.delete(oldest.value);
    }
    return view.value.own;
  }

  /** Their actor has said to this edge that they are called otherwise: done when the others know, or have not answered in time. */
  async changed(tenant: TenantId, userId: UserId): Promise<void> {
    const { node: from, tell } = this.#ports;
    this.#chosen.delete(keyOf(tenant, userId));
    await this.#rounds.ask({ node: from }, (ask) => tell({ kind: "profile_ask", from, ask, tenant, userId }));
  }

  heard(notice: EdgeNotice): void {
    if (notice.kind === "profile_ask") void this.#relearn(notice);
    if (notice.kind === "profile_told" && notice.to === this.#ports.node) this.#rounds.told(notice.ask, notice.view);
  }

  /** What was asked for before may be answered until then. */
  async #relearn({ from: to, ask, tenant, userId }: Extract<EdgeNotice, { kind: "profile_ask" }>): Promise<void> {
    const { engine, tell, node } = this.#ports;
    const call = { to: "user", user: userId, kind: "get_presence", userId } as const;
    const view = await engine().call(engineOf(tenant), call);
    this.#chosen.delete(keyOf(tenant, userId));
    if (view.ok) tell({ kind: "profile_told", to, ask, view: { node } });
  }
}

function keyOf(tenant: TenantId, userId: UserId): string {
  return `${tenant}/${userId}`;
}
