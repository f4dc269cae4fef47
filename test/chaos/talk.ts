/** Makes people talk at an even rate, whatever happens to them; whether anything is answered does not matter here. */
import type { SeededRandom } from "../../src/base/prng.ts";

const TICK_MS = 5;

export interface Talker {
  say(roomId: string): void;
}

export interface TalkOptions {
  readonly people: readonly { readonly talker: Talker; readonly rooms: readonly string[] }[];
  /** Messages per second, of all people together. */
  readonly rate: number;
  readonly random: SeededRandom;
}

/** Talks until the returned function is called. */
export function startTalk({ people, rate, random }: TalkOptions): () => void {
  const startMs = performance.now();
  let sent = 0;
  const ticker = setInterval(() => {
    const due = Math.floor(((performance.now() - startMs) / 1000) * rate);
    for (; sent < due; sent += 1) {
      const person = people[random.below(people.length)];
      const roomId = person?.rooms[random.below(person.rooms.length)];
      if (roomId !== undefined) person?.talker.say(roomId);
    }
  }, TICK_MS);
  return () => clearInterval(ticker);
}
