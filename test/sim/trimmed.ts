/**
 * What retention took out of a store, kept for the judges: they compare what clients saw with all that ever stood in a log.
 * Invariant: nothing of the engine reads it.
 */
import type { RoomId } from "../../src/base/ids.ts";
import type { LogKey, Segment } from "../../src/storage/journal.ts";
import type { MemoryStore } from "../../src/storage/memory/memory-store.ts";

const kept = new WeakMap<MemoryStore, Map<RoomId, Segment[]>>();

export function trimmedOf(memory: MemoryStore, room: RoomId): readonly Segment[] {
  return kept.get(memory)?.get(room) ?? [];
}

/** Runs `trim`, and keeps what is gone afterwards. */
export function keepTrimmed(memory: MemoryStore, { tenant, room }: LogKey, trim: () => void): void {
  const before = [...(memory.currentLog(tenant, room)?.segments ?? [])];
  trim();
  const left = new Set((memory.currentLog(tenant, room)?.segments ?? []).map(({ firstSeq }) => firstSeq));
  const rooms = kept.get(memory) ?? new Map<RoomId, Segment[]>();
  kept.set(memory, rooms);
  rooms.set(room, [...(rooms.get(room) ?? []), ...before.filter(({ firstSeq }) => !left.has(firstSeq))]);
}
