/**
 * What one seed is like: how large, how long, and which disasters. Every kind of disaster has seeds without it, so that
 * none hides what another would show.
 */
import { SeededRandom } from "../../src/base/prng.ts";
import { LARGE_ROOM_MEMBERS } from "../../src/base/limits.ts";
import type { ReceiverFaults } from "./receivers.ts";
import { HEALTHY_STORE, type StoreFaults } from "./sim-store.ts";

export interface Profile {
  readonly seed: number;
  readonly shards: number;
  readonly clients: number;
  /** Rooms: the last one is private when there are several. */
  readonly rooms: number;
  readonly requests: number;
  /** Pause of a client between two actions, milliseconds, at most. */
  readonly thinkMsMax: number;
  readonly linkDelayMsMax: number;
  readonly clientDelayMsMax: number;
  readonly backpressureMax: number;
  readonly store: StoreFaults;
  /** How often each happens in the run. */
  readonly storeOutages: number;
  readonly shardCrashes: number;
  readonly shardPauses: number;
  readonly nodeCrashes: number;
  readonly connectionCuts: number;
  readonly stalls: number;
  readonly wallJumps: number;
  readonly poison: number;
  /** Everybody leaves for so long that rooms are passivated. */
  readonly isDeserted: boolean;
  /** Events that the first room has from former times. */
  readonly oldEvents: number;
  /** How often what is too old is taken away; 0: nothing ever is. */
  readonly retentions: number;
  /** Rooms have rules, some messages are held, and moderators deal with them. */
  readonly isModerated: boolean;
  /** Somebody follows the logs: the tenant has a feed, with a webhook and a named consumer. */
  readonly isFollowed: boolean;
  readonly receivers: ReceiverFaults;
  /** How often the thread that follows ends; and how often a webhook is paused, or begins anew. */
  readonly followerCrashes: number;
  readonly feedChanges: number;
  /** Its members who never come: so many that it is about as large as rooms in which coming and going is no event. */
  readonly ghosts: number;
}

export function profileOf(seed: number): Profile {
  const random = new SeededRandom(seed * 2_654_435_761);
  const chance = (probability: number): boolean => random.next() < probability;
  const between = (low: number, high: number): number => low + random.below(high - low + 1);
  const some = (probability: number, high: number): number => (chance(probability) ? between(1, high) : 0);
  const rate = (probability: number, high: number): number => (chance(probability) ? random.next() * high : 0);
  return {
    seed,
    shards: between(1, 3),
    clients: between(3, 6),
    rooms: between(2, 3),
    requests: between(60, 220),
    thinkMsMax: chance(0.3) ? between(2, 8) : between(10, 60),
    linkDelayMsMax: chance(0.3) ? 10 : 1,
    clientDelayMsMax: chance(0.3) ? 60 : 5,
    backpressureMax: chance(0.4) ? between(2_000, 8_000) : 1_000_000,
    store: {
      ...HEALTHY_STORE,
      delayMsMax: chance(0.3) ? 40 : 3,
      timeoutBeforeCommit: rate(0.4, 0.15),
      timeoutAfterCommit: rate(0.4, 0.15),
      lateCommit: rate(0.4, 0.15),
      lateMsMax: chance(0.5) ? 150 : 3_000,
      full: rate(0.25, 0.1),
      survivesSender: random.next(),
    },
    storeOutages: some(0.25, 2),
    shardCrashes: some(0.5, 3),
    shardPauses: some(0.35, 2),
    nodeCrashes: some(0.3, 2),
    connectionCuts: some(0.6, 8),
    stalls: some(0.4, 6),
    wallJumps: some(0.25, 3),
    poison: some(0.15, 3),
    isDeserted: chance(0.1),
    oldEvents: chance(0.08) ? between(900, 1_100) : 0,
    ghosts: chance(0.1) ? LARGE_ROOM_MEMBERS - between(0, 8) : 0,
    retentions: some(0.5, 3),
    isModerated: chance(0.4),
    isFollowed: chance(0.25),
    receivers: {
      away: rate(0.5, 0.4),
      refused: rate(0.4, 0.2),
      answerLost: rate(0.5, 0.2),
      delayMsMax: chance(0.3) ? 300 : 10,
    },
    followerCrashes: some(0.4, 2),
    feedChanges: some(0.5, 3),
  };
}
