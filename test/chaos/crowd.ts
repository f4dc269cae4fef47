/** Eight people in four rooms of one server, in all encodings, everybody in every room: everybody must see the whole history. */
import type { SeededRandom } from "../../src/base/prng.ts";
import type { WireName } from "../support/wire.ts";
import type { Person } from "./person.ts";
import { startTalk } from "./talk.ts";
import type { Witness } from "./verdict.ts";

export const CROWD_ROOMS = ["chaos_1", "chaos_2", "chaos_3", "chaos_4"];
export const CROWD_WIRES: readonly WireName[] = [
  "msgpack",
  "json",
  "camel",
  "snake",
  "msgpack",
  "json",
  "msgpack",
  "snake",
];
const SETTLE_MS_MAX = 30_000;

/** Everybody is in every room before the first message: so everybody must see the whole history. */
export async function createRooms(people: readonly Person[]): Promise<void> {
  const [first, ...others] = people;
  if (first === undefined) return;
  await first.connect();
  for (const roomId of CROWD_ROOMS) {
    await first.client.ack({ type: "create_room", roomId, name: roomId, roomType: "public" });
    await first.client.join(roomId);
  }
  for (const person of others) {
    await person.connect();
    for (const roomId of CROWD_ROOMS) await person.client.join(roomId);
  }
}

export async function talk(
  people: readonly Person[],
  rate: number,
  lifeMs: number,
  random: SeededRandom,
): Promise<void> {
  const stop = startTalk({ people: people.map((talker) => ({ talker, rooms: CROWD_ROOMS })), rate, random });
  await Bun.sleep(lifeMs);
  stop();
}

/** Everybody connects, resumes, retries, and has seen everything that anybody's acks speak of. */
export async function settle(people: readonly Person[]): Promise<void> {
  await Promise.all(people.map((person) => person.connect()));
  for (const person of people) person.resend();
  await quiet(people);
}

/** Everything that was said is acked, and everybody has seen everything that anybody's acks speak of. */
export async function quiet(people: readonly Person[]): Promise<void> {
  await Promise.all(people.map((person) => person.allAcked(SETTLE_MS_MAX)));
  for (const roomId of CROWD_ROOMS) {
    const last = Math.max(...people.map((person) => person.lastAckedSeq(roomId)));
    await Promise.all(people.map((person) => person.seen(roomId, last, SETTLE_MS_MAX)));
  }
}

export function witnessOf({ userId, acked, rooms, faults }: Person): Witness {
  return { userId, memberOf: CROWD_ROOMS, left: false, acked: [...acked.values()], rooms, faults };
}
