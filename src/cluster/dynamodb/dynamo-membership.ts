/**
 * The registry of nodes in DynamoDB: an item per node, rewritten with each beat, and a query of all. Expiry is judged by the
 * reader (`sightings.ts`). Items of nodes that are dead for long are deleted by who sees it, unless they changed since.
 *
 * All items are in one partition, which takes 1,000 writes and 3,000 reads of 4 KB a second: enough for some 150 nodes that
 * beat once a second.
 */
import { randomBytes } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import type { Beat, Membership, NodeId, NodeInfo, Reading } from "../membership.ts";
import { type ClusterTable, type Item, number, numberIn, sortKeyOf, textIn, textOrNothing } from "./cluster-table.ts";
import { type Marked, Sightings } from "./sightings.ts";

const NODES = "NODES";
const GENERATION = "generation#";
const NODE_PREFIX = "node#";
const UNAVAILABLE: Beat = { ok: false, error: "unavailable" };
/** How many times its time to live a node's item has not changed before it is deleted. */
const DEAD_TTLS = 10;
const LEAVE_MS_MAX = 1_000;

interface Registration extends Marked {
  readonly info: NodeInfo;
}

export class DynamoMembership implements Membership {
  readonly #table: ClusterTable;
  readonly #clock: Clock;
  readonly #sightings: Sightings;
  /** With the count of beats it makes marks that nobody else makes. */
  readonly #run = randomBytes(6).toString("hex");
  #beats = 0;

  constructor(table: ClusterTable, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
    this.#sightings = new Sightings(clock);
  }

  beat(
    self: NodeInfo,
    { ttlMs, timeoutMs }: { readonly ttlMs: number; readonly timeoutMs: number },
    done: (beat: Beat) => void,
  ): void {
    this.#within(timeoutMs, this.#beat(self, ttlMs), UNAVAILABLE, done);
  }

  leave(self: NodeInfo, done: () => void): void {
    const left = this.#table.calls.delete(this.#table.name, { pk: NODES, sk: NODE_PREFIX + self.id });
    this.#within<unknown>(LEAVE_MS_MAX, left, undefined, done);
  }

  /** Writing and reading go at once: the asker knows itself. */
  async #beat(self: NodeInfo, ttlMs: number): Promise<Beat> {
    const { calls, name } = this.#table;
    this.#beats += 1;
    const item = itemOf(self, `${this.#run}.${this.#beats}`, ttlMs, this.#clock.wallMs());
    const [written, read] = await Promise.all([calls.put(name, item), calls.queryAll({ table: name, pk: NODES })]);
    if (!written.ok || !read.ok) return UNAVAILABLE;
    const all = read.value.flatMap((each) => registrationOf(each) ?? []);
    const others = this.#sightings.look(all).filter(({ item: each }) => each.id !== self.id);
    for (const { item: each, unchangedMs } of others) {
      if (unchangedMs >= each.ttlMs * DEAD_TTLS) void this.#remove(each);
    }
    const generation = await this.#generationIn(read.value);
    if (generation === undefined) return UNAVAILABLE;
    const alive = others.filter((each) => each.isAlive);
    const reading: Reading = { generation, nodes: [self, ...alive.map((each) => each.item.info)] };
    return { ok: true, reading };
  }

  async #generationIn(items: readonly Item[]): Promise<string | undefined> {
    const found = items.find((each) => sortKeyOf(each) === GENERATION);
    if (found !== undefined) return textIn(found, "generation");
    const { calls, name } = this.#table;
    const generation = randomBytes(12).toString("hex");
    const key = { pk: NODES, sk: GENERATION };
    const item = { pk: { S: NODES }, sk: { S: GENERATION }, generation: { S: generation } };
    const made = await calls.put(name, item, { expression: "attribute_not_exists(pk)" });
    if (made.ok) return generation;
    // Somebody else was faster, or a former attempt of this request was.
    const read = made.error === "condition" ? await calls.get(name, key) : made;
    return read.ok && read.value !== undefined ? textIn(read.value, "generation") : undefined;
  }

  /** Its node may have come back meanwhile: then it stays. */
  #remove({ id, mark }: Registration): Promise<unknown> {
    const { calls, name } = this.#table;
    const unchanged = { expression: "beatMark = :seen", values: { ":seen": { S: mark } } };
    return calls.delete(name, { pk: NODES, sk: NODE_PREFIX + id }, unchanged);
  }

  #within<Answer>(timeoutMs: number, work: Promise<Answer>, otherwise: Answer, done: (answer: Answer) => void): void {
    let isAnswered = false;
    const answer = (value: Answer): void => {
      if (isAnswered) return;
      isAnswered = true;
      timer.cancel();
      done(value);
    };
    const timer = this.#clock.after(timeoutMs, () => answer(otherwise));
    void work.then(answer);
  }
}

function itemOf(info: NodeInfo, mark: string, ttlMs: number, wallMs: number): Item {
  return {
    pk: { S: NODES },
    sk: { S: NODE_PREFIX + info.id },
    ...textOrNothing("instance", info.instance),
    ...textOrNothing("address", info.address),
    shards: number(info.shards),
    startedAt: number(info.startedAt),
    leaving: { BOOL: info.leaving },
    beatMark: { S: mark },
    ttlMs: number(ttlMs),
    wallMs: number(wallMs),
  };
}

function registrationOf(item: Item): Registration | undefined {
  const sk = sortKeyOf(item);
  if (!sk.startsWith(NODE_PREFIX)) return undefined;
  const id = sk.slice(NODE_PREFIX.length);
  const info: NodeInfo = {
    id: id as NodeId,
    instance: textIn(item, "instance"),
    address: textIn(item, "address"),
    shards: numberIn(item, "shards"),
    startedAt: numberIn(item, "startedAt"),
    leaving: item["leaving"]?.BOOL === true,
  };
  return { id, info, mark: textIn(item, "beatMark"), ttlMs: numberIn(item, "ttlMs"), wallMs: numberIn(item, "wallMs") };
}
