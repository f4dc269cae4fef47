/** What a planted bug is, and how one is planted. */
import type { RoomAddress } from "../../src/actors/address.ts";
import { answerAck } from "../../src/actors/answers.ts";
import type { RoomRequest } from "../../src/actors/request.ts";
import type { Outcome as RoomOutcome } from "../../src/actors/room/room-answers.ts";
import { messageIdOf } from "../../src/base/ids.ts";
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

/** Answers as the real room would, at once. */
export function ackNow(env: ShardEnv, request: RoomRequest, outcome: RoomOutcome): void {
  if ("code" in outcome || request.sequel.kind !== "acknowledge" || request.asker.kind !== "frame") return;
  const { kind } = request.command;
  if (kind === "mark_read" || kind === "mark_unread" || kind === "confirm_delivered") return;
  const { seq, timestamp, duplicate } = outcome;
  const messageId = kind === "send_message" ? { messageId: messageIdOf(seq) } : {};
  answerAck(env, request, { ...messageId, seq, timestamp, ...(duplicate && { duplicate }) });
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
