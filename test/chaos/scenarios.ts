/**
 * What may go wrong in a cluster, one entry each: breaks something under load, and is done when all is well again.
 * Invariant: whatever a scenario breaks it mends itself; after a failure the rig mends what is left over.
 */
import { patiently } from "./patience.ts";
import type { SeededRandom } from "../../src/base/prng.ts";
import type { ClusterRig, RigNode } from "./cluster-rig.ts";
import type { DynamoFault } from "./dynamodb-fault-proxy.ts";

export interface Trouble {
  readonly rig: ClusterRig;
  readonly random: SeededRandom;
  readonly round: number;
  /** From now on the time without acks is measured. */
  readonly struck: () => void;
}

export interface Scenario {
  readonly name: string;
  readonly about: string;
  /** Rounds of the full run; the short one plays one. */
  readonly roundsFull: number;
  /** No room may be without an ack for longer, milliseconds, from what `struck` says. */
  readonly recoveryMsMax: number;
  /** Rooms must change hands in it; otherwise the trouble was none. */
  readonly mustTakeOver?: true;
  /** In the short version for every test run. */
  readonly isBrief?: true;
  disturb(trouble: Trouble): Promise<void>;
}

const SECOND = 1_000;
const wait = (ms: number): Promise<void> => Bun.sleep(ms);

/** DynamoDB fails so for everybody, for a while. The time is measured from when it is well again. */
function dynamoFault(
  name: string,
  about: string,
  fault: DynamoFault,
  rate: number,
  ms: number,
  meanwhile: (trouble: Trouble) => Promise<void> = () => Promise.resolve(),
): Scenario {
  const countOf = (rig: ClusterRig): number => rig.nodes.reduce((sum, { dynamo }) => sum + dynamo.counts[fault], 0);
  return {
    name,
    about,
    roundsFull: 10,
    recoveryMsMax: 10 * SECOND,
    async disturb(trouble) {
      const { rig, struck } = trouble;
      const before = countOf(rig);
      for (const { dynamo } of rig.nodes) dynamo.set({ [fault]: rate });
      await Promise.all([wait(ms), meanwhile(trouble)]);
      for (const { dynamo } of rig.nodes) dynamo.heal();
      struck();
      if (countOf(rig) === before) throw new Error(`no request met the fault ${fault}`);
      await wait(3 * SECOND);
    },
  };
}

/** The engine writes in batches what may be lost without harm; the lists of public rooms are such. */
async function makePublicRooms({ rig, round }: Trouble): Promise<void> {
  for (const { name, server } of rig.nodes) {
    const token = server.token({ user: "host", name: "Host" });
    const body = { name: "Batch", type: "public", clientId: `batch-${round}-${name}` };
    await patiently(async () => {
      const { status } = await server.rest("POST", "/v1/chat/rooms", { token, body });
      if (status !== 201) throw new Error(`a room could not be made at ${name}: ${status}`);
    });
  }
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: "kill",
    about: "kill -9 of a node that owns busy rooms; started again later",
    roundsFull: 50,
    mustTakeOver: true,
    recoveryMsMax: 10 * SECOND,
    isBrief: true,
    async disturb({ rig, random, struck }) {
      const victim = anyNode(rig, random);
      struck();
      await victim.server.kill();
      await wait(11 * SECOND);
      await victim.server.restart();
      await wait(2 * SECOND);
    },
  },
  {
    name: "pause",
    about: "SIGSTOP of a node for 15 s, then SIGCONT: an owner that does not know that it was replaced",
    roundsFull: 20,
    mustTakeOver: true,
    recoveryMsMax: 10 * SECOND,
    async disturb({ rig, random, struck }) {
      const { server } = anyNode(rig, random);
      struck();
      process.kill(server.pid, "SIGSTOP");
      await wait(15 * SECOND);
      process.kill(server.pid, "SIGCONT");
      await wait(3 * SECOND);
    },
  },
  {
    name: "redis-kill",
    about: "Redis is killed and comes back empty after 4 s",
    roundsFull: 20,
    recoveryMsMax: 5 * SECOND,
    async disturb({ rig, struck }) {
      await rig.redis.kill();
      await wait(4 * SECOND);
      await rig.redis.restart();
      struck();
      await wait(5 * SECOND);
    },
  },
  {
    name: "redis-flush",
    about: "FLUSHALL",
    roundsFull: 10,
    recoveryMsMax: 5 * SECOND,
    isBrief: true,
    async disturb({ rig, struck }) {
      struck();
      await rig.redis.command("FLUSHALL");
      await wait(4 * SECOND);
    },
  },
  {
    name: "redis-failover",
    about: "a replica whose link was cut is promoted: Redis is rolled back by 3 s",
    roundsFull: 10,
    recoveryMsMax: 5 * SECOND,
    async disturb({ rig, struck }) {
      await rig.failOver(3 * SECOND);
      struck();
      await wait(5 * SECOND);
    },
  },
  dynamoFault("dynamo-500", "half of DynamoDB's answers are errors of the server", "error500", 0.5, 5 * SECOND),
  dynamoFault("dynamo-throttle", "half of the requests to DynamoDB are throttled", "throttle", 0.5, 5 * SECOND),
  dynamoFault("dynamo-hang", "one of ten requests to DynamoDB hangs for 10 s, then is done", "hang", 0.1, 6 * SECOND),
  {
    ...dynamoFault("dynamo-drop", "a third of the replies is dropped after the commit", "dropReply", 0.33, 5 * SECOND),
    isBrief: true,
  },
  dynamoFault("dynamo-partial", "every batch leaves items unprocessed", "partialBatch", 1, 5 * SECOND, makePublicRooms),
  {
    name: "cut-redis",
    about: "one node is cut off from Redis for 9 s: its connections are closed, or (every other round) hang",
    roundsFull: 10,
    recoveryMsMax: 10 * SECOND,
    async disturb({ rig, random, round, struck }) {
      const { redis } = anyNode(rig, random);
      struck();
      if (round % 2 === 1) redis.cut();
      else redis.hang();
      await wait(9 * SECOND);
      redis.heal();
      await wait(4 * SECOND);
    },
  },
  {
    name: "cut-dynamo",
    about: "one node is cut off from DynamoDB for 6 s",
    roundsFull: 10,
    recoveryMsMax: 10 * SECOND,
    async disturb({ rig, random, struck }) {
      const { dynamo } = anyNode(rig, random);
      dynamo.cut();
      await wait(6 * SECOND);
      dynamo.heal();
      struck();
      await wait(4 * SECOND);
    },
  },
  {
    name: "stop",
    about: "SIGTERM of a node: it hands its rooms over",
    roundsFull: 10,
    mustTakeOver: true,
    recoveryMsMax: 2 * SECOND,
    isBrief: true,
    async disturb({ rig, random, struck }) {
      const victim = anyNode(rig, random);
      struck();
      await stop(victim);
      await victim.server.restart();
      await wait(2 * SECOND);
    },
  },
  {
    name: "rolling",
    about: "every node is stopped and started again, one after the other",
    roundsFull: 5,
    recoveryMsMax: 2 * SECOND,
    async disturb({ rig, struck }) {
      struck();
      for (const node of rig.nodes) {
        await stop(node);
        await node.server.restart();
        await wait(SECOND);
      }
      await wait(2 * SECOND);
    },
  },
  {
    name: "two-owners",
    about: "one node sees an empty Redis of its own, the other one is emptied: both sides own every room",
    roundsFull: 10,
    mustTakeOver: true,
    recoveryMsMax: 10 * SECOND,
    async disturb({ rig, random, struck }) {
      const { redis } = anyNode(rig, random);
      await rig.spareRedis.command("FLUSHALL");
      redis.retarget(rig.spareRedis.port);
      await rig.redis.command("FLUSHALL");
      await wait(12 * SECOND);
      redis.retarget(rig.redis.port);
      struck();
      await wait(8 * SECOND);
    },
  },
];

function anyNode(rig: ClusterRig, random: SeededRandom): RigNode {
  const node = rig.nodes[random.below(rig.nodes.length)];
  if (node === undefined) throw new Error("there is no node");
  return node;
}

/** In its own time; a node that does not end well is a failure by itself. */
async function stop({ name, server }: RigNode): Promise<void> {
  const { code } = await server.stop();
  if (code !== 0) throw new Error(`${name} ended with ${code} after SIGTERM`);
}
