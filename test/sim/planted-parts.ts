/** What a planted bug is, and how one is planted. */
import type { RoomAddress } from "../../src/actors/address.ts";
import type { ShardEnv } from "../../src/actors/shard-env.ts";
import type { Journal } from "../../src/storage/journal.ts";
import type { Plant } from "./scenario.ts";
import type { Parts, RoomHost } from "./sim-node.ts";
import type { SimRoom } from "./sim-room.ts";

export interface PlantedBug {
  readonly name: string;
  readonly plant: Plant;
  /** The rule that has to find it, and words of what it says then; absent: any. */
  readonly rule?: string;
  readonly says?: string;
}

export type RoomClass = new (env: ShardEnv, address: RoomAddress, host: RoomHost) => SimRoom;

export function inRoom(Room: RoomClass, more: Partial<Parts> = {}): Plant {
  return { parts: { makeRoom: (env, address, host) => new Room(env, address, host), ...more } };
}

/** Passes everything on but appends. */
export function withAppend(journal: Journal, append: Journal["append"]): Journal {
  return {
    append,
    flush: () => journal.flush(),
    readTail: (...args) => journal.readTail(...args),
    readSegment: (...args) => journal.readSegment(...args),
    readRange: (...args) => journal.readRange(...args),
    saveSnapshot: (...args) => journal.saveSnapshot(...args),
    readMembers: (...args) => journal.readMembers(...args),
    readOverlays: (...args) => journal.readOverlays(...args),
    listMembers: (...args) => journal.listMembers(...args),
    readItems: (...args) => journal.readItems(...args),
    listItems: (...args) => journal.listItems(...args),
    scanItems: (...args) => journal.scanItems(...args),
    trim: (...args) => journal.trim(...args),
    rewrite: (...args) => journal.rewrite(...args),
    clean: (...args) => journal.clean(...args),
  };
}
