/**
 * What several nodes of one process share instead of Redis or DynamoDB: the registry's rows, the directory's rows and the
 * way of messages. Its knobs are the faults that a real store and a real network have; left alone it has none.
 * Deterministic: every step is a timer of the one clock, which is also the store's own time.
 */
import type { Clock } from "../../base/clock.ts";
import type { BusEvents } from "../bus.ts";
import type { NodeId, NodeInfo } from "../membership.ts";
import { MemoryConnections } from "./memory-connections.ts";

/** What becomes of one message: after how many milliseconds a copy of it arrives. Two numbers: twice; none: it is lost. */
export type Carry = (from: NodeId, to: NodeId, bytes: number) => readonly number[];

/** One question to the store: milliseconds until it is carried out, and from then until its answer; `undefined`: lost. */
export interface Way {
  readonly thereMs: number | undefined;
  readonly backMs: number | undefined;
}
export type Reach = (node: NodeId | undefined) => Way;

interface Registration {
  readonly info: NodeInfo;
  readonly untilMs: number;
}

/** The registry's rows at one moment. */
export interface SavedRegistry {
  readonly generation: string;
  readonly rows: readonly (readonly [NodeId, Registration])[];
}

const AT_ONCE: Way = { thereMs: 0, backMs: 0 };
const NEVER: Way = { thereMs: undefined, backMs: undefined };

export class MemoryCluster {
  readonly clock: Clock;
  /** Open inboxes, by node. */
  readonly inboxes = new Map<NodeId, BusEvents>();
  readonly connections: MemoryConnections;
  /** Knob: messages between nodes. */
  carry: Carry = () => [0];
  /** Knob: questions to the registry (of a node) and to the directory (of nobody, save for writes). */
  reach: Reach = () => AT_ONCE;
  readonly #registrations = new Map<NodeId, Registration>();
  readonly #busDown = new Set<NodeId>();
  #isSilent = false;
  #generation = "generation-1";
  #generations = 1;

  constructor(clock: Clock) {
    this.clock = clock;
    this.connections = new MemoryConnections(clock);
  }

  /** Registers the node and reads who is there, in one step. */
  register(info: NodeInfo, ttlMs: number): { readonly generation: string; readonly nodes: readonly NodeInfo[] } {
    const nowMs = this.clock.monotonicMs();
    this.#registrations.set(info.id, { info, untilMs: nowMs + ttlMs });
    for (const [id, row] of this.#registrations) if (row.untilMs <= nowMs) this.#registrations.delete(id);
    return { generation: this.#generation, nodes: [...this.#registrations.values()].map((row) => row.info) };
  }

  unregister(node: NodeId): void {
    this.#registrations.delete(node);
  }

  /** Knob: the store is emptied, as by `FLUSHALL`. */
  flush(): void {
    this.#registrations.clear();
    this.#generations += 1;
    this.#generation = `generation-${this.#generations}`;
    this.connections.clear();
  }

  saveRegistry(): SavedRegistry {
    return { generation: this.#generation, rows: [...this.#registrations] };
  }

  /** Knob: the registry is again what it was, as after the failover to a replica that lagged behind. */
  rollBack(saved: SavedRegistry): void {
    this.#generation = saved.generation;
    this.#registrations.clear();
    for (const [id, row] of saved.rows) this.#registrations.set(id, row);
  }

  /** Knob: a node's bus fails or works again. */
  setBusUp(node: NodeId, isUp: boolean): void {
    if (isUp === !this.#busDown.has(node)) return;
    if (isUp) this.#busDown.delete(node);
    else this.#busDown.add(node);
    if (!this.#isSilent) this.inboxes.get(node)?.changed(isUp);
  }

  /** Knob: nothing is answered and no message is carried, for all nodes. */
  silence(isSilent: boolean): void {
    if (isSilent === this.#isSilent) return;
    this.#isSilent = isSilent;
    for (const [node, inbox] of this.inboxes) if (!this.#busDown.has(node)) inbox.changed(!isSilent);
  }

  isBusUp(node: NodeId): boolean {
    return !this.#isSilent && !this.#busDown.has(node);
  }

  /** Hands over a message that was sent; what is on its way when the bus fails at its receiver is lost. */
  deliver(to: NodeId, message: Uint8Array): void {
    if (this.isBusUp(to)) this.inboxes.get(to)?.received(message);
  }

  /** Asks the store: `carryOut` is done there, `done` gets its answer, each when and if the way lets it. */
  ask<Answer>(node: NodeId | undefined, carryOut: () => Answer, done: (answer: Answer) => void): void {
    const { thereMs, backMs } = this.#isSilent ? NEVER : this.reach(node);
    if (thereMs === undefined) return;
    this.clock.after(thereMs, () => {
      const answer = carryOut();
      if (backMs === 0) done(answer);
      else if (backMs !== undefined) this.clock.after(backMs, () => done(answer));
    });
  }
}
