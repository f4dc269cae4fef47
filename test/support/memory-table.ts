/**
 * A table in memory that answers when and as it is told, for what a real server does at its worst moments: a write that
 * lands late, a removal that fails, a partition that is throttled. Conditions are checked by the few forms that are in use.
 */
import type { Clock } from "../../src/base/clock.ts";
import type {
  Item,
  TableAnswer,
  TableCalls,
  TableError,
  TableQuery,
} from "../../src/cluster/dynamodb/cluster-table.ts";

export type TableCall = "get" | "query" | "put" | "update" | "delete" | "writeAll";
/** What becomes of a call, and whether it is carried out all the same. */
export type Fault = { readonly error: TableError; readonly isDone: boolean } | undefined;

export class MemoryTable implements TableCalls {
  readonly items = new Map<string, Item>();
  readonly counts: Record<TableCall, number> = { get: 0, query: 0, put: 0, update: 0, delete: 0, writeAll: 0 };
  /** Knob: milliseconds that a call takes. */
  delayMs: () => number = () => 5;
  /** Knob. `pk`: of the item or partition. */
  fault: (call: TableCall, pk: string) => Fault = () => undefined;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Keys of a partition, in order. */
  keysOf(pk: string): readonly string[] {
    return [...this.items.values()].flatMap((item) => (item["pk"]?.S === pk ? [item["sk"]?.S ?? ""] : [])).sort();
  }

  set(item: Item): void {
    this.items.set(nameOf(item), item);
  }

  get(_: string, { pk, sk }: { readonly pk: string; readonly sk: string }) {
    return this.#answer("get", pk, () => this.items.get(`${pk}\n${sk}`));
  }

  query({ pk, from, to, limit, start }: TableQuery) {
    return this.#answer("query", pk, () => {
      const after = start?.["sk"]?.S;
      const keys = this.keysOf(pk).filter(
        (sk) =>
          (from === undefined || sk >= from) && (to === undefined || sk <= to) && (after === undefined || sk > after),
      );
      const page = limit === undefined ? keys : keys.slice(0, limit);
      const items = page.map((sk) => this.items.get(`${pk}\n${sk}`) ?? {});
      return { items, next: page.length < keys.length ? items.at(-1) : undefined };
    });
  }

  async queryAll(query: TableQuery): Promise<TableAnswer<readonly Item[]>> {
    const page = await this.query(query);
    return page.ok ? { ok: true, value: page.value.items } : page;
  }

  put(_: string, item: Item, condition?: { readonly expression: string }) {
    return this.#answer("put", item["pk"]?.S ?? "", () => {
      if (condition !== undefined && this.items.has(nameOf(item))) return "condition" as const;
      this.set(item);
      return undefined;
    });
  }

  update(
    _: string,
    { pk, sk }: { readonly pk: string; readonly sk: string },
    change: { readonly expression: string; readonly condition: string; readonly values: Item },
  ) {
    return this.#answer("update", pk, () => {
      const item = this.items.get(`${pk}\n${sk}`);
      const isUnfit = change.condition.includes("attribute_not_exists(endedMark)") && item?.["endedMark"] !== undefined;
      if (item === undefined || isUnfit) return "condition" as const;
      const pairs = change.expression.replace("SET ", "").split(", ");
      const changed = pairs.map((pair) => {
        const [name = "", value = ""] = pair.split(" = ");
        return [name, change.values[value] ?? { NULL: true }];
      });
      this.set({ ...item, ...(Object.fromEntries(changed) as Item) });
      return undefined;
    });
  }

  delete(
    _: string,
    { pk, sk }: { readonly pk: string; readonly sk: string },
    condition?: { readonly expression: string; readonly values?: Item },
  ) {
    return this.#answer("delete", pk, () => {
      const [name = "", value = ""] = condition?.expression.split(" = ") ?? [];
      const item = this.items.get(`${pk}\n${sk}`);
      if (condition !== undefined && item?.[name]?.S !== condition.values?.[value]?.S) return "condition" as const;
      this.items.delete(`${pk}\n${sk}`);
      return undefined;
    });
  }

  writeAll(_: string, writes: Parameters<TableCalls["writeAll"]>[1]) {
    const first = writes[0]?.DeleteRequest?.Key ?? writes[0]?.PutRequest?.Item;
    return this.#answer("writeAll", first?.["pk"]?.S ?? "", () => {
      for (const { DeleteRequest, PutRequest } of writes) {
        if (DeleteRequest?.Key !== undefined) this.items.delete(nameOf(DeleteRequest.Key));
        if (PutRequest?.Item !== undefined) this.set(PutRequest.Item);
      }
      return undefined;
    });
  }

  /** Carried out half of the time after the call, answered at the end of it. */
  async #answer<Value>(
    call: TableCall,
    pk: string,
    carryOut: () => Value | "condition",
  ): Promise<TableAnswer<Exclude<Value, "condition">>> {
    this.counts[call] += 1;
    const halfMs = this.delayMs() / 2;
    const fault = this.fault(call, pk);
    await this.#wait(halfMs);
    const value = fault === undefined || fault.isDone ? carryOut() : undefined;
    await this.#wait(halfMs);
    if (fault !== undefined) return { ok: false, error: fault.error };
    if (value === "condition") return { ok: false, error: "condition" };
    return { ok: true, value: value as Exclude<Value, "condition"> };
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }
}

function nameOf(item: Item): string {
  return `${item["pk"]?.S}\n${item["sk"]?.S}`;
}
