/**
 * How a conversation ends: somebody writes once more while something is wrong, leaves in good order, and nobody writes any more.
 * Whoever listens has to hear of it all the same. (Where people go on talking, the next event tells.)
 */
import { type Address, addressHash, roomAddress, userAddress } from "../../src/actors/address.ts";
import type { SeededRandom } from "../../src/base/prng.ts";
import { Placement } from "../../src/cluster/placement.ts";
import type { ClusterNetwork } from "./cluster-network.ts";
import type { LastWords } from "./cluster-profile.ts";
import type { Crowd } from "./crowd.ts";
import type { SimClient } from "./sim-client.ts";
import type { SimMachine } from "./sim-machine.ts";
import { HEALTHY_STORE } from "./sim-store.ts";

export interface LastWordsParts {
  readonly random: SeededRandom;
  readonly network: ClusterNetwork;
  readonly machines: readonly SimMachine[];
  readonly crowd: Crowd;
  readonly runFor: (ms: number) => Promise<void>;
}

/** Longer than a registration lasts. */
const TAKEN_MS = 8_000;
const LATE_MS_MAX = 25_000;
/** Too short for anybody to be held for gone. */
const UNSEEN_MS = 400;

export async function sayLastWords(kind: Exclude<LastWords, "none">, parts: LastWordsParts): Promise<void> {
  const { random, crowd } = parts;
  const speaker = crowd.clients[random.below(crowd.clients.length)] as SimClient;
  const rooms = [...speaker.rooms.values()].filter((view) => view.subscribed).map((view) => view.room);
  const room = rooms[random.below(rooms.length)];
  const owner = room && ownerOf(roomAddress(speaker.principal.tenant, room), parts.machines);
  if (room === undefined || owner === undefined) return;
  if (kind === "unseen") return showUnseen(speaker, owner, parts);
  const say = (): void => void speaker.request(room, { kind: "send_message", content: crowd.content(speaker) });
  if (kind === "late") await dieWithIt(owner, say, parts);
  else if (kind === "split") await sayApart(say, parts);
  else await sayWhileAsleep(owner, say, parts);
  speaker.goAway();
}

async function showUnseen(
  speaker: SimClient,
  owner: SimMachine,
  { network, machines, runFor }: LastWordsParts,
): Promise<void> {
  const home = ownerOf(userAddress(speaker.principal.tenant, speaker.user), machines);
  if (home?.id === undefined || owner.id === undefined || home === owner) return;
  network.cut(home.id, owner.id, UNSEEN_MS);
  speaker.setStatus(speaker.status === "online" ? "offline" : "online");
  await runFor(UNSEEN_MS);
}

async function dieWithIt(owner: SimMachine, say: () => void, { random, runFor }: LastWordsParts): Promise<void> {
  owner.trouble({ ...HEALTHY_STORE, lateCommit: 1, lateMsMax: LATE_MS_MAX, survivesSender: 1 });
  say();
  await runFor(50);
  owner.crash(random.next() * 2 * TAKEN_MS);
}

/** Every node holds itself for the only one. */
async function sayApart(say: () => void, { network, machines, runFor }: LastWordsParts): Promise<void> {
  const ids = machines.flatMap(({ id }) => (id === undefined ? [] : [id]));
  for (const a of ids) for (const b of ids) if (a !== b) network.hide(a, b, TAKEN_MS);
  await runFor(2_000);
  say();
  await runFor(3_000);
}

/**
 * Said to whoever took the room, long enough before its owner wakes up that its head has been told; and whoever heard it, and
 * could tell by coming back to the owner, leaves.
 */
async function sayWhileAsleep(
  owner: SimMachine,
  say: () => void,
  { random, crowd, runFor }: LastWordsParts,
): Promise<void> {
  const pauseMs = TAKEN_MS + 4_000 + random.next() * 4_000;
  owner.pause(pauseMs, undefined);
  await runFor(TAKEN_MS);
  say();
  await runFor(1_000);
  for (const client of crowd.clients) if (client.at !== owner.node) client.goAway();
}

function ownerOf(address: Address, machines: readonly SimMachine[]): SimMachine | undefined {
  const view = machines.find(({ node }) => node !== undefined)?.node?.cluster?.view;
  const owner = view && new Placement(view).owner(addressHash(address));
  return machines.find(({ id }) => id !== undefined && id === owner?.id);
}
