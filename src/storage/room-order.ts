/** The order of room lists, in one place for all adapters: newest activity first, then by id so that pages don't overlap. */

export interface RoomOrderKey {
  readonly lastActivity: number;
  readonly roomId: string;
}

export function byNewestActivity(a: RoomOrderKey, b: RoomOrderKey): number {
  if (a.lastActivity !== b.lastActivity) return b.lastActivity - a.lastActivity;
  if (a.roomId === b.roomId) return 0;
  return a.roomId < b.roomId ? -1 : 1;
}
