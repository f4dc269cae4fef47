/** What a cluster adapter's test gives to the conformance suites, and the ports' callbacks as promises. */
import type { ConnectionId, TenantId, UserId } from "../../src/base/ids.ts";
import type { Beat, Membership, NodeId, NodeInfo, Reading } from "../../src/cluster/membership.ts";
import type { ConnectionRecord, DirectoryAnswer, DirectoryChange } from "../../src/cluster/presence-directory.ts";

/** Each test gets a new harness on an empty store. */
export interface ClusterHarness<Port> {
  /** One more adapter on the same store, as another node would have it. */
  open(): Promise<Port>;
  /** Empties the store, as `FLUSHALL` does. */
  flush(): Promise<void>;
  /** True: the store takes what it is sent and answers nothing any more. False: it answers again. */
  silence(isSilent: boolean): Promise<void>;
  /** Closes all that was opened; a store that is silent answers again. */
  close(): Promise<void>;
}

/** For a test on a real server that shares its machine with others. */
export const TEST_MS_MAX = 60_000;
/** How long an adapter may take to notice that its store is silent, or there again. */
export const NOTICE_MS_MAX = 20_000;
const LOOK_AGAIN_MS = 15;

/** Waits until `isSo` answers true; fails after the time. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, withinMs = NOTICE_MS_MAX) {
  const startMs = performance.now();
  while (!(await isSo())) {
    if (performance.now() - startMs > withinMs) throw new Error(`after ${withinMs} ms still not: ${what}`);
    await Bun.sleep(LOOK_AGAIN_MS);
  }
}

export const nodeId = (name: string): NodeId => name as NodeId;

export function nodeInfo(name: string, changes: Partial<NodeInfo> = {}): NodeInfo {
  return {
    id: nodeId(name),
    instance: name,
    shards: 2,
    address: "http://127.0.0.1:4000",
    startedAt: 1_700_000_000_000,
    leaving: false,
    ...changes,
  };
}

export function beat(port: Membership, self: NodeInfo, ttlMs = 60_000, timeoutMs = 20_000): Promise<Beat> {
  return new Promise((resolve) => port.beat(self, { ttlMs, timeoutMs }, resolve));
}

/** A beat's reading; one that is not answered fails the test. */
export async function read(port: Membership, self: NodeInfo, ttlMs?: number): Promise<Reading> {
  const answer = await beat(port, self, ttlMs);
  if (!answer.ok) throw new Error(answer.error);
  return answer.reading;
}

export const namesOf = (reading: Reading): readonly string[] => reading.nodes.map((node): string => node.id).sort();

/** The answer's value; an answer `unavailable` fails the test. */
export function asked<Value>(call: (done: (answer: DirectoryAnswer<Value>) => void) => void): Promise<Value> {
  return new Promise((resolve, reject) => {
    call((answer) => (answer.ok ? resolve(answer.value) : reject(new Error(answer.error))));
  });
}

export const TENANT = "acme" as TenantId;
export const user = (name: string): UserId => name as UserId;

export function connection(id: string, node: NodeId, changes: Partial<ConnectionRecord> = {}): ConnectionRecord {
  return {
    tenant: TENANT,
    userId: user("ada"),
    connectionId: id as ConnectionId,
    node,
    userAgent: "Testgerät/1.0 (ähm; 試験)",
    address: "203.0.113.0",
    transport: "websocket, json",
    connectedAt: 1_700_000_000_123,
    ...changes,
  };
}

export const change = (changes: Partial<DirectoryChange>): DirectoryChange => ({
  opened: [],
  closed: [],
  statuses: [],
  ...changes,
});
