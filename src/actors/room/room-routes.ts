/**
 * Notes which edges got what one room committed, while its tenant wants to be able to ask (`route-trace.ts`), and lets those
 * edges know that they are to note what becomes of it. Costs one look at the tenant's wishes per frame where it is off.
 */
import type { RoomId, Seq, TenantId } from "../../base/ids.ts";
import type { ShardConnection } from "../connections.ts";
import type { EdgeLink } from "../edge-link.ts";
import type { TopicNo } from "../link.ts";
import type { ShardEnv } from "../shard-env.ts";
import type { TenantWishes } from "../tenant/tenant-moderation.ts";

interface Edge {
  readonly link: EdgeLink;
  readonly topic: TopicNo;
}

/** Of a thread: it has a name of its own behind that of its node. */
export function nodeOf({ settings }: Pick<ShardEnv, "settings">): string {
  return settings.node.split("/", 1)[0] ?? settings.node;
}

export class RoomRoutes {
  readonly #env: ShardEnv;
  readonly #wishes: TenantWishes;
  readonly #key: string;
  /** What edges with listeners were told last; 0: that nobody wants to know. */
  #toldUntilMs = 0;

  constructor(env: ShardEnv, tenant: TenantId, room: RoomId) {
    this.#env = env;
    this.#wishes = env.tenants.of(tenant);
    this.#key = `${tenant}/${room}`;
  }

  get isOn(): boolean {
    return this.#wishes.traceUntilMs !== 0 || this.#toldUntilMs !== 0;
  }

  /** An edge has listeners from now on. */
  opened({ link, topic }: Edge): void {
    if (this.#toldUntilMs !== 0) link.out.trace(topic, this.#toldUntilMs);
  }

  /** Events of (after, head] are about to go `to` some of `all` edges with listeners. */
  routed(after: Seq, head: Seq, to: readonly Edge[], all: readonly Edge[]): void {
    const untilMs = this.#wishes.traceUntilMs > this.#env.clock.wallMs() ? this.#wishes.traceUntilMs : 0;
    if (untilMs !== this.#toldUntilMs) {
      this.#toldUntilMs = untilMs;
      for (const { link, topic } of all) link.out.trace(topic, untilMs);
    }
    if (untilMs === 0) return;
    const nodes = to.map(({ link }) => this.#nodeOf(link));
    this.#env.routes.routed(this.#key, after, head, nodes);
  }

  replayed({ link, connectionId, principal }: ShardConnection, after: Seq, head: Seq): void {
    this.#env.routes.replayed(this.#key, principal.userId, { after, head, node: this.#nodeOf(link), connectionId });
  }

  #nodeOf(link: EdgeLink): string {
    return link.edge ?? nodeOf(this.#env);
  }
}
