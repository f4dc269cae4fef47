/** Asks the edges of all nodes how they have been lately, and answers them. Nodes that are gone without saying so are remembered. */
import type { Clock } from "../../base/clock.ts";
import { PULSE_NODE_KEPT_MS, PULSE_NODES_MAX } from "../../base/limits.ts";
import type { PulseView } from "../figures/pulse.ts";
import type { EdgeNotice } from "./edge-notices.ts";
import { type Answers, Rounds } from "./rounds.ts";

/** A node of the cluster, as this one sees it. */
export interface SeenNode {
  readonly id: string;
  readonly instance: string;
  readonly leaving: boolean;
}
export interface LostNode {
  readonly node: string;
  readonly instance: string;
  /** Milliseconds since 1970. */
  readonly lastSeenMs: number;
}
export type PulseAnswers = Answers<PulseView> & { readonly lost: readonly LostNode[] };

export interface PulseDeskPorts {
  readonly clock: Clock;
  readonly node: string;
  /** All nodes there are now, this one included. */
  readonly nodes: () => readonly SeenNode[];
  readonly tell: (notice: EdgeNotice) => void;
  /** Of this node: samples since then. `undefined`: it has none. */
  readonly own: (sinceMs: number) => PulseView | undefined;
}

export class PulseDesk {
  readonly #ports: PulseDeskPorts;
  readonly #rounds: Rounds<PulseView>;
  /** By id, the one that was seen last comes last. */
  readonly #seen = new Map<string, SeenNode & { readonly lastSeenMs: number }>();

  constructor(ports: PulseDeskPorts) {
    this.#ports = ports;
    const others = (): readonly string[] =>
      ports
        .nodes()
        .map(({ id }) => id)
        .filter((id) => id !== ports.node);
    this.#rounds = new Rounds(ports.clock, others);
  }

  /** Now and then: who is there. */
  look(): void {
    const lastSeenMs = this.#ports.clock.wallMs();
    for (const node of this.#ports.nodes()) {
      this.#seen.delete(node.id);
      this.#seen.set(node.id, { ...node, lastSeenMs });
    }
    for (const [id, { lastSeenMs: at }] of this.#seen) {
      if (at > lastSeenMs - PULSE_NODE_KEPT_MS && this.#seen.size <= PULSE_NODES_MAX) break;
      this.#seen.delete(id);
    }
  }

  /** `undefined`: too many ask at once, or nothing is counted here. */
  async ask(sinceMs: number): Promise<PulseAnswers | undefined> {
    const { node: from, own, tell } = this.#ports;
    const view = own(sinceMs);
    if (view === undefined) return undefined;
    const answers = await this.#rounds.ask(view, (ask) => tell({ kind: "pulse_ask", from, ask, sinceMs }));
    return answers && { ...answers, lost: this.#lost() };
  }

  heard(notice: EdgeNotice): void {
    if (notice.kind === "pulse_ask") {
      const view = this.#ports.own(notice.sinceMs);
      if (view !== undefined) this.#ports.tell({ kind: "pulse_told", to: notice.from, ask: notice.ask, view });
    }
    if (notice.kind === "pulse_told" && notice.to === this.#ports.node) this.#rounds.told(notice.ask, notice.view);
  }

  /** One that took its leave is not lost, nor one that was started again under the same name. */
  #lost(): readonly LostNode[] {
    const now = this.#ports.nodes();
    const isBack = (one: SeenNode): boolean =>
      now.some(({ id, instance }) => id === one.id || instance === one.instance);
    return [...this.#seen.values()]
      .filter((one) => !one.leaving && !isBack(one))
      .map(({ id: node, instance, lastSeenMs }) => ({ node, instance, lastSeenMs }));
  }
}
