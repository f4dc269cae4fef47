/**
 * Where this shard sent what its rooms committed, in tenants that want to be able to ask: which edges got it, and what single
 * connections were sent again. Bounded by number and age; nothing is kept of a tenant that does not want it.
 */
import type { Clock } from "../../base/clock.ts";
import type { ConnectionId, Seq, UserId } from "../../base/ids.ts";
import { TRACE_ENTRIES_MAX, TRACE_KEPT_MS } from "../../base/limits.ts";
import { RecentRing } from "../../base/recent-ring.ts";

/** One frame with events of (after, head], and the nodes whose edges it went to. */
export interface Route {
  readonly atMs: number;
  readonly after: Seq;
  readonly head: Seq;
  readonly nodes: readonly string[];
}
/** The same for one connection that came back, or joined late. */
export interface Replayed {
  readonly atMs: number;
  readonly after: Seq;
  readonly head: Seq;
  readonly node: string;
  readonly connectionId: ConnectionId;
}

type Entry = { readonly key: string } & (Route | (Replayed & { readonly userId: UserId }));

export class RouteTrace {
  readonly #ring = new RecentRing<Entry>(TRACE_ENTRIES_MAX, TRACE_KEPT_MS);
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What is older may have gone. */
  get keptFromMs(): number {
    return this.#ring.keptFromMs(this.#clock.wallMs());
  }

  /** `key`: `tenant/room`. */
  routed(key: string, after: Seq, head: Seq, nodes: readonly string[]): void {
    this.#ring.push({ key, atMs: this.#clock.wallMs(), after, head, nodes });
  }

  replayed(key: string, userId: UserId, sent: Omit<Replayed, "atMs">): void {
    this.#ring.push({ key, userId, atMs: this.#clock.wallMs(), ...sent });
  }

  /** What is known of the event at `seq`: where it went, and to which connections of the person it went again. */
  of(
    key: string,
    seq: Seq,
    userId: UserId,
  ): { readonly routes: readonly Route[]; readonly replays: readonly Replayed[] } {
    const routes: Route[] = [];
    const replays: Replayed[] = [];
    for (const entry of this.#ring.from(this.#clock.wallMs())) {
      if (entry.key !== key || seq <= entry.after || seq > entry.head) continue;
      const { atMs, after, head } = entry;
      if ("nodes" in entry) routes.push({ atMs, after, head, nodes: entry.nodes });
      else if (entry.userId === userId) {
        replays.push({ atMs, after, head, node: entry.node, connectionId: entry.connectionId });
      }
    }
    return { routes, replays };
  }
}
