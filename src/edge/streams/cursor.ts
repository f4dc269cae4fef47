/**
 * Where a client stands in all of its rooms, as one opaque text: the `id` of an event stream, the `cursor` of a poll. Any node
 * can go on from it. Pure.
 * Invariant: it holds nothing but what its bearer may say of themselves; what they may read their token says.
 */
import { parseId, type ConnectionId, type RoomId, type Seq } from "../../base/ids.ts";
import { ROOMS_PER_CONNECTION_MAX } from "../../base/limits.ts";

export interface Cursor {
  /** Of a poll: the session that has what follows, as long as it lives, and how much of it the client has. */
  readonly session?: ConnectionId;
  readonly taken: number;
  /** By room the last sequence that the client has; `undefined`: it waits to be let in. */
  readonly rooms: ReadonlyMap<RoomId, Seq | undefined>;
}

/** The first part; another form of cursor gets another one. */
const VERSION = "1";
/** Neither stands in an id. */
const BETWEEN_PARTS = "/";
const BEFORE_SEQ = ";";
/** Digits of sequences. */
const RADIX = 36;
const DIGITS = /^[0-9a-z]{1,11}$/;
const TEXT = /^[A-Za-z0-9_-]*$/;

/** What one more room adds to a cursor, at most, in bytes before it is written as text. */
export function roomBytes(room: RoomId): number {
  return room.length + 2 + Number.MAX_SAFE_INTEGER.toString(RADIX).length;
}

export function writeCursor({ session, taken, rooms }: Cursor): string {
  let text = `${VERSION}${BETWEEN_PARTS}${session ?? ""}${BETWEEN_PARTS}${taken}`;
  for (const [room, seq] of rooms) text += `${BETWEEN_PARTS}${room}${BEFORE_SEQ}${seq?.toString(RADIX) ?? ""}`;
  return Buffer.from(text, "latin1").toString("base64url");
}

/** `undefined`: this was no cursor of ours. */
export function readCursor(text: string, bytesMax: number): Cursor | undefined {
  if (text.length > Math.ceil((bytesMax * 4) / 3) || !TEXT.test(text)) return undefined;
  const [version, sessionText, takenText, ...parts] = Buffer.from(text, "base64url")
    .toString("latin1")
    .split(BETWEEN_PARTS);
  const taken = Number(takenText);
  if (version !== VERSION || !Number.isSafeInteger(taken) || taken < 0) return undefined;
  if (parts.length > ROOMS_PER_CONNECTION_MAX) return undefined;
  const session = sessionText === "" ? undefined : parseId<ConnectionId>(sessionText);
  if (sessionText !== "" && session === undefined) return undefined;
  const rooms = new Map<RoomId, Seq | undefined>();
  for (const part of parts) {
    const [name, digits = ""] = part.split(BEFORE_SEQ);
    const room = parseId<RoomId>(name);
    const seq = digits === "" ? undefined : DIGITS.test(digits) ? Number.parseInt(digits, RADIX) : Number.NaN;
    if (room === undefined || (seq !== undefined && !Number.isSafeInteger(seq))) return undefined;
    rooms.set(room, seq as Seq | undefined);
  }
  return { ...(session !== undefined && { session }), taken, rooms };
}
