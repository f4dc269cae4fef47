/**
 * What one seed of several nodes is like. Every kind of disaster has seeds without it, so that none hides what another would
 * show; times are those of production's heartbeats, so a run lasts some tens of seconds of its own time.
 */
import { SeededRandom } from "../../src/base/prng.ts";
import { HEALTHY_NETWORK, type NetworkFaults } from "./cluster-network.ts";
import { type Profile, profileOf } from "./profile.ts";
import { HEALTHY_STORE, type StoreFaults } from "./sim-store.ts";

export interface ClusterProfile extends Profile {
  /** At the beginning. */
  readonly nodes: number;
  /** Of each machine's way to the store, in turn. */
  readonly stores: readonly StoreFaults[];
  readonly network: NetworkFaults;
  /** How far the machines' wall clocks are apart at the beginning, milliseconds, at most. */
  readonly skewMsMax: number;
  /** How often each happens in the run. */
  readonly nodePauses: number;
  readonly nodePauseMsMax: number;
  readonly partitions: number;
  readonly registryCuts: number;
  readonly busOutages: number;
  /** Two nodes that hold each other, or one the other, for gone. */
  readonly splitViews: number;
  readonly silences: number;
  readonly flushes: number;
  readonly rollBacks: number;
  readonly joins: number;
  readonly retirements: number;
  /** After which somebody wrote last, before all fell silent. */
  readonly lastWords: LastWords;
  /** A client that comes back does so at another node than before. */
  readonly roaming: number;
}

/**
 * Somebody writes, leaves, and nobody writes any more: `late`: the owner dies with it on its way to the store; `split`: to a
 * node that holds all others for gone; `asleep`: while the owner, and those who listen at it, stand still. `unseen`: somebody shows or
 * hides, and the word of it gets lost.
 */
export type LastWords = "none" | "late" | "split" | "asleep" | "unseen";
const LAST_WORDS = ["none", "none", "none", "none", "late", "split", "asleep", "unseen"] as const;

/** No node's troubles last longer, but pauses, milliseconds. */
export const TROUBLE_MS_MAX = 12_000;
const BUS_DELAYS_MS = [1, 5, 30, 150] as const;

export function clusterProfileOf(seed: number): ClusterProfile {
  const random = new SeededRandom((seed ^ 0x5bd1e995) * 2_654_435_761);
  const chance = (probability: number): boolean => random.next() < probability;
  const between = (low: number, high: number): number => low + random.below(high - low + 1);
  const some = (probability: number, high: number): number => (chance(probability) ? between(1, high) : 0);
  const rate = (probability: number, high: number): number => (chance(probability) ? random.next() * high : 0);
  const store = (): StoreFaults => ({
    ...HEALTHY_STORE,
    delayMsMax: chance(0.2) ? 200 : chance(0.3) ? 30 : 4,
    timeoutBeforeCommit: rate(0.3, 0.2),
    timeoutAfterCommit: rate(0.3, 0.2),
    lateCommit: rate(0.3, 0.15),
    lateMsMax: chance(0.5) ? 300 : 8_000,
    full: rate(0.05, 0.1),
    survivesSender: random.next(),
  });
  return {
    ...profileOf(seed),
    nodes: between(2, 4),
    shards: between(1, 2),
    clients: between(3, 6),
    rooms: between(2, 4),
    requests: between(60, 180),
    thinkMsMax: chance(0.3) ? between(20, 100) : between(200, 1_000),
    linkDelayMsMax: chance(0.3) ? 10 : 1,
    stores: Array.from({ length: 4 }, store),
    network: {
      ...HEALTHY_NETWORK,
      busDelayMsMax: BUS_DELAYS_MS[random.below(BUS_DELAYS_MS.length)] as number,
      lost: rate(0.3, 0.05),
      twice: rate(0.3, 0.1),
      outOfOrder: rate(0.3, 0.1),
      outOfOrderMsMax: chance(0.5) ? 50 : 2_000,
      registryDelayMsMax: chance(0.2) ? 1_500 : 5,
      registryLost: rate(0.2, 0.2),
    },
    skewMsMax: chance(0.2) ? 3_600_000 : 500,
    storeOutages: some(0.25, 2),
    shardCrashes: some(0.3, 2),
    shardPauses: some(0.15, 1),
    nodeCrashes: some(0.35, 2),
    nodePauses: some(0.35, 2),
    nodePauseMsMax: chance(0.3) ? 60_000 : chance(0.5) ? 15_000 : 4_000,
    partitions: some(0.4, 4),
    registryCuts: some(0.3, 2),
    busOutages: some(0.25, 2),
    splitViews: some(0.35, 3),
    silences: some(0.12, 1),
    flushes: some(0.15, 2),
    rollBacks: some(0.2, 2),
    joins: some(0.2, 1),
    retirements: some(0.25, 1),
    connectionCuts: some(0.5, 8),
    stalls: some(0.2, 4),
    wallJumps: some(0.25, 3),
    poison: some(0.06, 2),
    isDeserted: chance(0.05),
    oldEvents: chance(0.07) ? between(900, 1_100) : 0,
    lastWords: LAST_WORDS[random.below(LAST_WORDS.length)] as LastWords,
    roaming: rate(0.5, 0.6),
  };
}
