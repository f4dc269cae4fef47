/**
 * Ends all connections of a person at the edges of all nodes. Each edge knows its own, whatever the person's actor has heard
 * of them: it may be moving, and a node that has just come may not be known to all.
 * Invariant: each connection is counted by the edge that ended it, once.
 */
import type { Clock } from "../../base/clock.ts";
import type { TenantId, UserId } from "../../base/ids.ts";
import type { Connection } from "../sockets/connection.ts";
import type { EdgeNotice } from "./edge-notices.ts";
import { type Answers, Rounds } from "./rounds.ts";

/** What one edge did. */
export interface DismissedView {
  readonly node: string;
  readonly connections: number;
}
export interface DismissalsPorts {
  readonly clock: Clock;
  readonly node: string;
  /** The other nodes there are now. */
  readonly others: () => readonly string[];
  readonly tell: (notice: EdgeNotice) => void;
  /** All live connections of this node. */
  readonly connections: () => Iterable<Connection>;
}

export class Dismissals {
  readonly #ports: DismissalsPorts;
  readonly #rounds: Rounds<DismissedView>;

  constructor(ports: DismissalsPorts) {
    this.#ports = ports;
    this.#rounds = new Rounds(ports.clock, ports.others);
  }

  /** `undefined`: too many ask at once; only those of this node have ended. */
  end(tenant: TenantId, userId: UserId): Promise<Answers<DismissedView> | undefined> {
    const { node: from, tell } = this.#ports;
    return this.#rounds.ask(this.#endOwn(tenant, userId), (ask) =>
      tell({ kind: "dismiss_ask", from, ask, tenant, userId }),
    );
  }

  heard(notice: EdgeNotice): void {
    if (notice.kind === "dismiss_ask") {
      const { from: to, ask, tenant, userId } = notice;
      this.#ports.tell({ kind: "dismiss_told", to, ask, view: this.#endOwn(tenant, userId) });
    }
    if (notice.kind === "dismiss_told" && notice.to === this.#ports.node) this.#rounds.told(notice.ask, notice.view);
  }

  #endOwn(tenant: TenantId, userId: UserId): DismissedView {
    let connections = 0;
    for (const connection of [...this.#ports.connections()]) {
      const { principal, dismissed } = connection;
      if (dismissed || principal?.tenant !== tenant || principal.userId !== userId) continue;
      connection.dismiss("disconnected");
      connections += 1;
    }
    return { node: this.#ports.node, connections };
  }
}
