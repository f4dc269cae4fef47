/**
 * One round of a scenario: people talk in new rooms over all nodes, something goes wrong and is well again, everybody
 * catches up, and what they were told and saw is judged.
 * Invariant: every wait has a bound; what was not reached in time is told, and the rest is judged all the same.
 */
import { patiently } from "./patience.ts";
import { SeededRandom } from "../../src/base/prng.ts";
import { TestClient } from "../support/client.ts";
import { mintTestToken } from "../support/tokens.ts";
import type { WireName } from "../support/wire.ts";
import { checkLog } from "../sim/check-log.ts";
import { eventsOf } from "../sim/log-facts.ts";
import { longestAckGap } from "./ack-gap.ts";
import type { ClusterRig } from "./cluster-rig.ts";
import { presenceSettled } from "./presence-check.ts";
import { readHistory } from "./read-history.ts";
import { messagesOf, readLog } from "./read-log.ts";
import { Roamer } from "./roamer.ts";
import type { Scenario } from "./scenarios.ts";
import { startTalk } from "./talk.ts";
import { judge, type Kept, type Verdict } from "./verdict.ts";

export const ROOMS = 12;
export const PEOPLE = 12;
const WIRES: readonly WireName[] = ["msgpack", "json", "camel", "snake"];
const WARM_UP_MS = 1_500;
const SETTLE_MS_MAX = 30_000;
const POLL_MS = 20;
/** Goes away for good just before it happens, or just after. */
const LEAVERS = 2;

export interface RoundOptions {
  readonly rig: ClusterRig;
  readonly scenario: Scenario;
  readonly round: number;
  readonly seed: number;
  /** Messages per second, of all people together. */
  readonly rate: number;
}

export interface RoundResult extends Verdict {
  /** The longest time without an ack in any room after it happened, milliseconds. */
  readonly recoveryMs: number;
  /** Where and when that was. */
  readonly slowest: string;
  /** From the end of the trouble until who is there was shown truly, everywhere; `undefined`: not in time. */
  readonly presenceMs: number | undefined;
  /** Requests that an open connection left without any answer for ten seconds. */
  readonly unanswered: readonly string[];
  /** How often a room got another writer, after its first one. */
  readonly takeovers: number;
  /** What is wrong with the logs themselves, and with what nodes say of them. */
  readonly broken: readonly string[];
  /** What was not reached in time. */
  readonly stuck: readonly string[];
}

export async function playRound({ rig, scenario, round, seed, rate }: RoundOptions): Promise<RoundResult> {
  const random = new SeededRandom(seed);
  const prefix = `${scenario.name}_${round}`;
  const rooms = Array.from({ length: ROOMS }, (_, i) => `${prefix}_room_${i}`);
  const people = Array.from({ length: PEOPLE }, (_, i) => personOf(prefix, i, rooms, rig, random));
  const stuck: string[] = [];
  try {
    await gather(rig, people, rooms);
    const talkers = people.map((talker) => ({ talker, rooms: talker.rooms }));
    const stopTalk = startTalk({ people: talkers, rate, random });
    const leavers = people.slice(-LEAVERS);
    let struckMs = 0;
    let endMs = 0;
    try {
      await Bun.sleep(WARM_UP_MS);
      await leavers[0]?.leave("cut");
      const late = setTimeout(() => void leavers[1]?.leave("close"), WARM_UP_MS);
      await scenario.disturb({ rig, random, round, struck: () => (struckMs = performance.now()) });
      clearTimeout(late);
    } finally {
      endMs = performance.now();
      stopTalk();
    }
    const staying = people.filter((person) => !person.isGone);
    const within = async (what: string, done: () => boolean): Promise<void> => {
      const deadline = endMs + SETTLE_MS_MAX;
      while (!done() && performance.now() < deadline) await Bun.sleep(POLL_MS);
      if (!done()) stuck.push(what);
    };
    await within("not everybody listens again", () => staying.every((person) => person.isSettled));
    await within("messages without an ack", () => staying.every(({ person }) => person.unacked.size === 0));
    const presence = await presenceSettled(staying);
    stuck.push(...presence.wrong);
    for (const roomId of rooms) {
      const last = Math.max(...people.map(({ person }) => person.lastAckedSeq(roomId)));
      const members = staying.filter((person) => person.rooms.includes(roomId));
      await within(`${roomId} is not seen up to ${last} by everybody`, () =>
        members.every(({ person }) => (person.rooms.get(roomId)?.head ?? 0) >= last),
      );
    }
    for (const person of staying) if (person.person.unacked.size > 0) stuck.push(unackedOf(person));
    const broken: string[] = [];
    let takeovers = 0;
    const histories = new Map<string, readonly Kept[]>();
    for (const roomId of rooms) {
      const log = await readLog(rig.storage.journal, roomId);
      checkLog(log, (rule, message) => broken.push(`log, ${rule}: ${message}`));
      histories.set(roomId, messagesOf(log));
      takeovers += eventsOf(log).filter((event) => event.kind === "fence").length - 1;
      const told = await historyOf(rig, people, roomId, random);
      const differ = differenceOf(told, messagesOf(log));
      if (differ !== undefined) broken.push(`the history of ${roomId} over REST is not its log: ${differ}`);
    }
    const witnesses = people.map((person) => person.witness());
    const gap = longestAckGap(witnesses, rooms, struckMs, endMs);
    return {
      ...judge(histories, witnesses),
      takeovers,
      broken,
      recoveryMs: gap.ms,
      slowest: `${gap.roomId} from ${wallTime(gap.sinceMs)}, ${(gap.sinceMs - struckMs).toFixed(0)} ms after it happened`,
      presenceMs: presence.ms === undefined ? undefined : presence.ms - endMs,
      unanswered: people.flatMap((person) => person.unanswered),
      stuck,
    };
  } finally {
    await Promise.all(people.map((person) => person.leave("cut")));
  }
}

/** Half of the people are in each room, from every node. */
function personOf(prefix: string, i: number, rooms: readonly string[], rig: ClusterRig, random: SeededRandom): Roamer {
  return new Roamer({
    userId: `${prefix}_user_${i}`,
    wire: WIRES[i % WIRES.length] ?? "msgpack",
    rooms: rooms.filter((_, room) => Math.floor(i / rig.nodes.length) % 2 === room % 2),
    places: rig.nodes.map((node) => node.server),
    home: i % rig.nodes.length,
    seed: random.below(2 ** 31),
  });
}

/** Everybody is in before the first message. Who makes the rooms is nobody of them, and goes. */
async function gather(rig: ClusterRig, people: readonly Roamer[], rooms: readonly string[]): Promise<void> {
  const token = mintTestToken({ user: "maker", name: "maker" });
  const [node] = rig.nodes;
  if (node === undefined) throw new Error("there is no node");
  const maker = await patiently(() => TestClient.connect(node.server, { token }));
  for (const roomId of rooms) await maker.ack({ type: "create_room", roomId, name: roomId, roomType: "public" });
  await maker.close();
  await Promise.all(people.map((person) => person.arrive()));
}

async function historyOf(
  rig: ClusterRig,
  people: readonly Roamer[],
  roomId: string,
  random: SeededRandom,
): Promise<readonly Kept[]> {
  const member = people.find((person) => person.rooms.includes(roomId));
  const node = rig.nodes[random.below(rig.nodes.length)];
  if (member === undefined || node === undefined) throw new Error(`nobody can read ${roomId}`);
  return readHistory(node.server, roomId, member.person.token);
}

function differenceOf(told: readonly Kept[], kept: readonly Kept[]): string | undefined {
  const at = kept.findIndex(({ messageId, content }, i) => {
    return told[i]?.messageId !== messageId || told[i]?.content !== content;
  });
  if (at < 0 && told.length === kept.length) return undefined;
  return `${told.length} messages, ${kept.length} in the log; they differ at ${at < 0 ? kept.length : at}`;
}

/** Of a `performance.now()`, as logs write it. */
function wallTime(ms: number): string {
  return new Date(performance.timeOrigin + ms).toISOString().slice(11, -1);
}

function unackedOf({ userId, place, person }: Roamer): string {
  const [first] = person.unacked.keys();
  const room = first === undefined ? undefined : person.unacked.get(first)?.roomId;
  return `${userId} at node ${place + 1} has ${person.unacked.size} without an ack, the first is ${first} in ${room}`;
}
