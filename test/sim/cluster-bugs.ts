/**
 * Bugs that only several nodes can have, each planted in an otherwise healthy engine. The simulation of several nodes has to
 * find every one of them within a few seeds.
 */
import type { RoomAddress } from "../../src/actors/address.ts";
import type { ShardOrder } from "../../src/actors/link.ts";
import type { RoomMessage } from "../../src/actors/room/room-actor.ts";
import type { ShardEnv } from "../../src/actors/shard-env.ts";
import type { ClusterNode } from "../../src/node/cluster-node.ts";
import type { Gateway } from "../../src/edge/sockets/gateway.ts";
import type { Journal } from "../../src/storage/journal.ts";
import { inRoom, type PlantedBug, withAppend } from "./planted-parts.ts";
import type { RoomHost } from "./sim-node.ts";
import { SimRoom } from "./sim-room.ts";

/** Several mechanisms let listeners hear of another owner's writing, and each covers for the others: this one is left out. */
class NeverLooks extends SimRoom {
  constructor(env: ShardEnv, address: RoomAddress, host: RoomHost) {
    super(env, address, host);
    // Whoever comes or goes, what stands in the log is believed to be known.
    this.watch.lookOnce = () => undefined;
  }
}

class FencesWhenItWrites extends SimRoom {
  protected override fenceForListeners(): void {
    // Who only listens may go on listening to a log that somebody else still appends to.
  }
}

class TellsOnceWhoListens extends SimRoom {
  constructor(env: ShardEnv, address: RoomAddress, host: RoomHost) {
    super(env, address, host);
    this.audience.tellAgain = () => undefined;
  }
}

class AttachesAtItsOwnHead extends SimRoom {
  protected override receive(message: RoomMessage): void {
    super.receive(message.to === "attach" ? { ...message, lastSeq: this.publishedSeq } : message);
  }
}

/** The registry said that the room is this node's: what the log says is taken for an error. */
function believesItself(journal: Journal): Journal {
  return withAppend(journal, (log, segment, rows, done) =>
    journal.append(log, segment, rows, (outcome) => done(outcome === "fenced" ? "written" : outcome)),
  );
}

function forgetsUnfinished(gateway: Gateway): void {
  gateway.repeatFrame = () => undefined;
  gateway.repeatCall = () => undefined;
}

function goesOnAfterLosses(_gateway: Gateway, { links }: ClusterNode): void {
  links.broken = () => undefined;
}

/** What comes from another node is taken for an answer on the newest link. */
function takesOldBlocks(_gateway: Gateway, { links }: ClusterNode): void {
  const newest = new Map<string, number>();
  const post = links.post.bind(links);
  links.post = (...args) => {
    const [node, shard, generation] = args;
    newest.set(`${node} ${shard}`, generation);
    post(...args);
  };
  const received = links.received.bind(links);
  links.received = (from, message) => {
    if (message.kind !== "to_edge") return received(from, message);
    received(from, { ...message, generation: newest.get(`${from} ${message.shard}`) ?? message.generation });
  };
}

function except(kind: ShardOrder["kind"]): (order: ShardOrder) => ShardOrder | undefined {
  return (order) => (order.kind === kind ? undefined : order);
}

export const CLUSTER_BUGS: readonly PlantedBug[] = [
  { name: "two owners and no place condition", plant: { overwrites: true } },
  { name: "no eager fence", plant: inRoom(FencesWhenItWrites) },
  { name: "ownership believed from the registry", plant: { parts: { wrapJournal: believesItself } } },
  { name: "link begins anew without what is unfinished", plant: { parts: { tamper: forgetsUnfinished } } },
  { name: "link goes on after a loss", plant: { parts: { tamper: goesOnAfterLosses } } },
  { name: "heads ignored, and nobody looks", plant: inRoom(NeverLooks, { wrapOrder: except("heads") }) },
  { name: "attached where the owner is", plant: inRoom(AttachesAtItsOwnHead) },
  { name: "blocks of an old generation accepted", plant: { parts: { tamper: takesOldBlocks } } },
  { name: "losses between actors not made good", plant: inRoom(TellsOnceWhoListens, { wrapOrder: except("lost") }) },
];
