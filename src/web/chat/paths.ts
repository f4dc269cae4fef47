/** Where a room's REST is. */
const ROOM_PATH = "/v1/chat/rooms/";

export function roomPath(roomId: string, rest = ""): string {
  return `${ROOM_PATH}${encodeURIComponent(roomId)}${rest}`;
}
