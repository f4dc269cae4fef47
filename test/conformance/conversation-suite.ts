/**
 * Whole conversations on an adapter: what a room decided is written as its actor does, in groups with their rows, and read
 * back by adapters that have just been opened. State and rows must be those that the domain had in memory.
 */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { compareRoom, hasAll, randomRooms, writeRoom } from "./conversations.ts";
import type { Harness } from "./harness.ts";

const ROOMS = 24;
const WAIT_MS_MAX = 60_000;

export function conversationConformance(name: string, open: () => Promise<Harness>): void {
  describe(`conversations on ${name}`, () => {
    let harness: Harness;
    beforeEach(async () => {
      harness = await open();
    });
    afterEach(() => harness.close());

    test(
      "what is read back replays to the same state, and has the same members, messages and other rows",
      async () => {
        const rooms = randomRooms(ROOMS);
        await Promise.all(rooms.map((room) => writeRoom(harness.journal, room)));
        harness = await harness.reopen();
        await Promise.all(rooms.map((room) => compareRoom(harness.journal, room)));
        expect(rooms.some(hasAll)).toBe(true);
      },
      WAIT_MS_MAX,
    );
  });
}
