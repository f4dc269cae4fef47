/**
 * Leases of the directory: a node's word that the connections under it are there. A lease that ended is never renewed: its
 * node takes another one with a higher term, and of a node's leases only that of the highest term counts. Whether a lease
 * lives is judged by the reader (`sightings.ts`).
 * Invariant: a lease's item goes after all rows under it, so nothing is left that nobody would find.
 */
import { randomBytes } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { NodeId } from "../membership.ts";
import {
  type ClusterTable,
  type Item,
  number,
  numberIn,
  removal,
  sortKeyOf,
  type TableAnswer,
  textIn,
} from "./cluster-table.ts";
import { type Marked, Sightings } from "./sightings.ts";

const LEASES = "LEASES";

export interface Lease extends Marked {
  readonly node: NodeId;
  readonly term: number;
  /** Taken out: it does not count, whatever its mark does. */
  readonly isEnded: boolean;
}

/**
 * After so many times its own length without a sign of life a dead lease is swept by who reads it: a random number, so that
 * the first one has often done it before the others begin.
 */
const SWEEP_LEASES_MIN = 2;
const SWEEP_LEASES_SPREAD = 4;
/** Rows that are deleted in one go. */
const SWEEP_PAGE_ROWS = 500;

export function rowsOf(lease: string): string {
  return `C#${lease}`;
}

export class DirectoryLeases {
  readonly #table: ClusterTable;
  readonly #clock: Clock;
  readonly #sightings: Sightings;
  readonly #sweepLeases = SWEEP_LEASES_MIN + Math.random() * SWEEP_LEASES_SPREAD;
  readonly #sweeping = new Set<string>();
  #marks = 0;
  #term = 0;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(table: ClusterTable, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
    this.#sightings = new Sightings(clock);
  }

  get lookedMs(): number {
    return this.#lookedMs;
  }

  /** The id of a new lease; `undefined` when it could not be written. */
  async take(node: NodeId, leaseMs: number): Promise<string | undefined> {
    const id = randomBytes(12).toString("hex");
    // The wall clock only orders leases of one node's process, and never twice the same.
    this.#term = Math.max(this.#term + 1, this.#clock.wallMs());
    const { calls, name } = this.#table;
    const item = {
      pk: { S: LEASES },
      sk: { S: id },
      nodeId: { S: node },
      leaseTerm: number(this.#term),
      ...this.#signOfLife(leaseMs),
    };
    const written = await calls.put(name, item);
    return written.ok ? id : undefined;
  }

  /** `condition`: there is no such lease any more. */
  renew(id: string, leaseMs: number): Promise<TableAnswer<unknown>> {
    const { beatMark, leaseMs: length, wallMs } = this.#signOfLife(leaseMs);
    const change = {
      expression: "SET beatMark = :mark, leaseMs = :length, wallMs = :wall",
      condition: "attribute_exists(leaseTerm) AND attribute_not_exists(endedMark)",
      values: { ":mark": beatMark, ":length": length, ":wall": wallMs },
    };
    return this.#table.calls.update(this.#table.name, { pk: LEASES, sk: id }, change, "user");
  }

  /** Those that count now; dead ones are looked after on the side. */
  async alive(): Promise<TableAnswer<readonly Lease[]>> {
    const { calls, name } = this.#table;
    const read = await calls.queryAll({ table: name, pk: LEASES });
    if (!read.ok) return read;
    this.#lookedMs = this.#clock.monotonicMs();
    const newest = new Map<NodeId, Lease>();
    for (const { item: lease, isAlive, unchangedMs } of this.#sightings.look(read.value.map(leaseOf))) {
      if (unchangedMs > lease.ttlMs * this.#sweepLeases) void this.#sweep(lease.id);
      if (!isAlive || lease.isEnded) continue;
      const known = newest.get(lease.node);
      if (known === undefined || known.term < lease.term) newest.set(lease.node, lease);
    }
    return { ok: true, value: [...newest.values()] };
  }

  /** Takes all leases of a node out, with their rows: at once for readers, then in fact. False: not all of it was done. */
  async endAll(node: NodeId): Promise<boolean> {
    const { calls, name } = this.#table;
    const read = await calls.queryAll({ table: name, pk: LEASES });
    if (!read.ok) return false;
    const leases = read.value.map(leaseOf).filter((lease) => lease.node === node);
    const done = await Promise.all(leases.map((lease) => this.#end(lease.id)));
    return done.every(Boolean);
  }

  async #end(id: string): Promise<boolean> {
    const change = {
      expression: "SET endedMark = :ended",
      condition: "attribute_exists(leaseTerm)",
      values: { ":ended": { BOOL: true } },
    };
    const ended = await this.#table.calls.update(this.#table.name, { pk: LEASES, sk: id }, change, "user");
    return ended.ok ? this.#sweep(id) : ended.error === "condition";
  }

  /** Rows first, then the lease. Whoever does it a second time finds nothing. */
  async #sweep(id: string): Promise<boolean> {
    if (this.#sweeping.has(id)) return true;
    this.#sweeping.add(id);
    const isSwept = await this.#removeAll(id);
    this.#sweeping.delete(id);
    return isSwept;
  }

  async #removeAll(id: string): Promise<boolean> {
    const { calls, name } = this.#table;
    const pk = rowsOf(id);
    for (;;) {
      const page = await calls.query({ table: name, pk, limit: SWEEP_PAGE_ROWS });
      if (!page.ok) return false;
      const removals = page.value.items.map((item) => removal({ pk, sk: sortKeyOf(item) }));
      const removed = await calls.writeAll(name, removals, "background");
      if (!removed.ok) return false;
      if (page.value.next === undefined) break;
    }
    return (await calls.delete(name, { pk: LEASES, sk: id })).ok;
  }

  #signOfLife(leaseMs: number) {
    this.#marks += 1;
    const beatMark = { S: String(this.#marks) };
    return { beatMark, leaseMs: number(leaseMs), wallMs: number(this.#clock.wallMs()) };
  }
}

function leaseOf(item: Item): Lease {
  return {
    id: sortKeyOf(item),
    node: textIn(item, "nodeId") as NodeId,
    term: numberIn(item, "leaseTerm"),
    mark: textIn(item, "beatMark"),
    ttlMs: numberIn(item, "leaseMs"),
    wallMs: numberIn(item, "wallMs"),
    isEnded: item["endedMark"]?.BOOL === true,
  };
}
