/**
 * The directory of connections in Redis: answers from the entries of all nodes with a live lease. `directory-keys.ts` has the
 * schema, `directory-writer.ts` what is written. A read is two questions: whose lease lives, then one tenant's entries.
 * Invariant: a node without a live lease shows in no answer.
 */
import type { Clock } from "../../base/clock.ts";
import type { ConnectionId, TenantId, UserId } from "../../base/ids.ts";
import { DIRECTORY_PAGE_MAX, DIRECTORY_COUNT_USERS_MAX } from "../../base/limits.ts";
import type { NodeId } from "../membership.ts";
import type {
  ConnectionRecord,
  DirectoryAnswer,
  DirectoryChange,
  DirectoryStatus,
  OnlineUser,
  PresenceDirectory,
} from "../presence-directory.ts";
import { CONNECTIONS_OF, COUNT, type EntryKeys, entryKeys, LEASES, leaseKeys, PAGE, USERS } from "./directory-keys.ts";
import { DIRECTORY_CALL_MS_MAX, DirectoryWriter } from "./directory-writer.ts";
import { RedisCalls } from "./redis-calls.ts";
import type { RedisArgument, RedisSettings } from "./redis-options.ts";

export interface RedisDirectoryOptions {
  readonly settings: RedisSettings;
  readonly clock: Clock;
  /** `PRESENCE_TTL`: how long entries stay that nobody renews. */
  readonly ttlMs: number;
}

const UNAVAILABLE = { ok: false, error: "unavailable" } as const;
/** Nodes whose lease ended that one read looks after. */
const SWEEPS_PER_READ_MAX = 4;
/** Rounds in which users of several nodes are counted one by one; what is left then is added up. */
const COUNT_ROUNDS_MAX = 100;
const STATUSES: readonly string[] = ["online", "away", "busy", "offline"] satisfies DirectoryStatus[];

export class RedisDirectory implements PresenceDirectory {
  readonly #calls: RedisCalls;
  readonly #writer: DirectoryWriter;
  readonly #prefix: string;
  /** Writes come one after the other: of two changes of one connection the second has to win. */
  #lastWrite: Promise<unknown> = Promise.resolve();

  constructor({ settings, clock, ttlMs }: RedisDirectoryOptions) {
    this.#calls = new RedisCalls(settings, clock);
    this.#writer = new DirectoryWriter(this.#calls, clock, settings.prefix, ttlMs);
    this.#prefix = settings.prefix;
  }

  write(
    node: NodeId,
    change: DirectoryChange,
    leaseMs: number,
    done: (answer: DirectoryAnswer<{ readonly known: boolean }>) => void,
  ): void {
    const written = this.#lastWrite.then(() => this.#writer.write(node, change, leaseMs));
    this.#lastWrite = written;
    answerWith(written, done);
  }

  connectionsOf(
    tenant: TenantId,
    userId: UserId,
    done: (answer: DirectoryAnswer<readonly ConnectionRecord[]>) => void,
  ): void {
    answerWith(this.#connectionsOf(tenant, userId), done);
  }

  onlineUsers(
    tenant: TenantId,
    page: { readonly after?: UserId; readonly limit: number },
    done: (answer: DirectoryAnswer<readonly OnlineUser[]>) => void,
  ): void {
    answerWith(this.#onlineUsers(tenant, page.after, Math.min(page.limit, DIRECTORY_PAGE_MAX)), done);
  }

  count(
    tenant: TenantId,
    done: (answer: DirectoryAnswer<{ readonly connections: number; readonly users: number }>) => void,
  ): void {
    answerWith(this.#count(tenant), done);
  }

  forget(node: NodeId, done: () => void): void {
    const forgotten = this.#lastWrite.then(() => this.#writer.forget(node, false));
    this.#lastWrite = forgotten;
    void forgotten.then(done);
  }

  close(): void {
    this.#calls.close();
  }

  async #connectionsOf(tenant: TenantId, userId: UserId): Promise<readonly ConnectionRecord[] | undefined> {
    const terms = await this.#liveTerms(tenant);
    if (terms === undefined) return undefined;
    const keys = terms.flatMap(({ connections, infos }) => [connections, infos]);
    const records = await this.#list(CONNECTIONS_OF, keys, [userId]);
    return records?.flatMap((text) => recordOf(text) ?? []);
  }

  async #onlineUsers(
    tenant: TenantId,
    after: UserId | undefined,
    limit: number,
  ): Promise<readonly OnlineUser[] | undefined> {
    const terms = await this.#liveTerms(tenant);
    if (terms === undefined) return undefined;
    const keys = terms.flatMap(({ users, connections, statuses }) => [users, connections, statuses]);
    const found = await this.#list(PAGE, keys, [beginAfter(after), limit]);
    return found === undefined ? undefined : mergedUsers(found).slice(0, limit);
  }

  async #count(tenant: TenantId): Promise<{ readonly connections: number; readonly users: number } | undefined> {
    const terms = await this.#liveTerms(tenant);
    if (terms === undefined) return undefined;
    const counts = await this.#list(
      COUNT,
      terms.flatMap(({ connections, users }) => [connections, users]),
      [],
    );
    if (counts === undefined) return undefined;
    const connections = counts
      .filter((_, index) => index % 2 === 0)
      .reduce((sum: number, each) => sum + Number(each), 0);
    const usersByTerm = counts.filter((_, index) => index % 2 === 1).map(Number);
    const withUsers = terms.filter((_, index) => (usersByTerm[index] ?? 0) > 0).map((term) => term.users);
    const sum = usersByTerm.reduce((total, each) => total + each, 0);
    const users = withUsers.length < 2 ? sum : await this.#countUsers(withUsers, sum);
    return users === undefined ? undefined : { connections, users };
  }

  /** Users of several terms, each once, a part at a time so that Redis is never held up. `most`: when all are different. */
  async #countUsers(keys: readonly string[], most: number): Promise<number | undefined> {
    let users = 0;
    let seen = 0;
    let after: string | undefined;
    for (let round = 0; round < COUNT_ROUNDS_MAX; round += 1) {
      const lists = await this.#list(USERS, keys, [beginAfter(after), DIRECTORY_COUNT_USERS_MAX]);
      if (lists === undefined) return undefined;
      const parts = lists.map((list) => (Array.isArray(list) ? (list as readonly string[]) : []));
      // A list that is cut off says nothing of what comes after its last user.
      const cuts = parts.filter((part) => part.length >= DIRECTORY_COUNT_USERS_MAX).map((part) => part.at(-1) ?? "");
      const end = cuts.toSorted()[0];
      const counted = parts.flatMap((part) => (end === undefined ? part : part.filter((user) => user <= end)));
      users += new Set(counted).size;
      seen += counted.length;
      if (end === undefined) return users;
      after = end;
    }
    return users + Math.max(0, most - seen);
  }

  /** The keys of this tenant's entries of all terms with a live lease. Has others' remains removed, and does not wait for it. */
  async #liveTerms(tenant: TenantId): Promise<readonly EntryKeys[] | undefined> {
    const { until, term } = leaseKeys(this.#prefix);
    const leases = await this.#list(LEASES, [until, term], [SWEEPS_PER_READ_MAX]);
    const [live, ended] = leases ?? [];
    if (!Array.isArray(live) || !Array.isArray(ended)) return undefined;
    for (const node of ended as readonly NodeId[]) void this.#writer.forget(node, true);
    return (live as readonly string[]).map((name) => entryKeys(this.#prefix, tenant, name));
  }

  async #list(
    source: string,
    keys: readonly string[],
    args: readonly RedisArgument[],
  ): Promise<readonly unknown[] | undefined> {
    if (keys.length === 0) return [];
    const reply = await this.#calls.script(DIRECTORY_CALL_MS_MAX, source, keys, args);
    return reply.ok && Array.isArray(reply.value) ? reply.value : undefined;
  }
}

function answerWith<Value>(value: Promise<Value | undefined>, done: (answer: DirectoryAnswer<Value>) => void): void {
  void value.then((found) => done(found === undefined ? UNAVAILABLE : { ok: true, value: found }));
}

function beginAfter(after: string | undefined): string {
  return after === undefined ? "-" : `(${after}`;
}

/** Of several nodes' users, devices and statuses: each user once, in the order of their ids. */
function mergedUsers(found: readonly unknown[]): readonly OnlineUser[] {
  const byId = new Map<string, { devices: number; status: string }>();
  for (let at = 0; at + 2 < found.length; at += 3) {
    const [userId, devices, status] = [String(found[at]), Number(found[at + 1]), String(found[at + 2])];
    const known = byId.get(userId);
    // Stamps have as many digits each: the later one is the larger text.
    const latest = known !== undefined && known.status > status ? known.status : status;
    byId.set(userId, { devices: devices + (known?.devices ?? 0), status: latest });
  }
  return [...byId.keys()].sort().map((userId) => {
    const { devices, status } = byId.get(userId) ?? { devices: 0, status: "" };
    return { userId: userId as UserId, status: statusOf(status), devices };
  });
}

function statusOf(stamped: string): DirectoryStatus {
  const status = stamped.slice(stamped.indexOf(":") + 1);
  return STATUSES.includes(status) ? (status as DirectoryStatus) : "online";
}

/** `undefined` for what another program wrote. */
function recordOf(text: unknown): ConnectionRecord | undefined {
  let record: Partial<Record<keyof ConnectionRecord, unknown>>;
  try {
    const parsed: unknown = JSON.parse(String(text));
    if (typeof parsed !== "object" || parsed === null) return undefined;
    record = parsed;
  } catch {
    return undefined;
  }
  const { tenant, userId, connectionId, node, userAgent, connectedAt, address, transport } = record;
  if (typeof tenant !== "string" || typeof userId !== "string" || typeof connectionId !== "string") return undefined;
  if (typeof node !== "string" || typeof userAgent !== "string" || typeof connectedAt !== "number") return undefined;
  return {
    tenant: tenant as TenantId,
    userId: userId as UserId,
    connectionId: connectionId as ConnectionId,
    node: node as NodeId,
    userAgent,
    // Nodes of an earlier version did not say.
    address: typeof address === "string" ? address : "",
    transport: typeof transport === "string" ? transport : "",
    connectedAt,
  };
}
