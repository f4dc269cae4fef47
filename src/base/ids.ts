/**
 * Identities of everything that is addressed: branded strings, so that a room id can't stand where a user id is due.
 * Invariant: a branded id has passed `parseId`, so it may be part of a key, a topic or a path without escaping.
 */
import { ID_LENGTH_MAX } from "./limits.ts";

declare const brand: unique symbol;
type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

export type TenantId = Brand<string, "TenantId">;
export type UserId = Brand<string, "UserId">;
export type RoomId = Brand<string, "RoomId">;
/** Unique over restarts and nodes, and not to be guessed by other clients: it is part of idempotency keys. */
export type ConnectionId = Brand<string, "ConnectionId">;
/** Position of an event in its room's log: 1, 2, 3 … without a gap. 0 means "before the first". */
export type Seq = number;
/** Names one item of a room: `collection/id`. */
export type ItemKey = `${string}/${string}`;
/** Opaque to clients; names one message within its room. */
export type MessageId = Brand<string, "MessageId">;

/** Neither `/` nor `#` nor white space nor control characters: they separate parts of topics and keys. */
export const ID_PATTERN = /^[A-Za-z0-9_.:@|+=,~$!*-]+$/;

/** Returns the branded id, or `undefined` when the text is empty, too long or has a character that ids may not have. */
export function parseId<Id extends TenantId | UserId | RoomId | ConnectionId>(text: unknown): Id | undefined {
  if (typeof text !== "string" || text.length === 0 || text.length > ID_LENGTH_MAX) return undefined;
  return ID_PATTERN.test(text) ? (text as Id) : undefined;
}

const MESSAGE_ID_PREFIX = "msg_";

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";
/** All pairs of digits: an id is put together of three texts, and few of its parts are thrown away. */
const PAIRS = [...DIGITS].flatMap((high) => [...DIGITS].map((low) => high + low));
/** Up to here digits are made by whole-number arithmetic, a fraction of what `toString(36)` takes. */
const SMALL_SEQ_MAX = 0x7fff_ffff;

/** A message's id encodes its sequence number, so that no index from id to place is needed. */
export function messageIdOf(seq: Seq): MessageId {
  if (seq < 0 || seq > SMALL_SEQ_MAX) return (MESSAGE_ID_PREFIX + seq.toString(36)) as MessageId;
  const high = (seq / PAIRS.length) | 0;
  if (high === 0) return (MESSAGE_ID_PREFIX + digitsOf(seq)) as MessageId;
  return `${MESSAGE_ID_PREFIX}${digitsOf(high)}${PAIRS[seq % PAIRS.length]}` as MessageId;
}

function digitsOf(value: number): string {
  if (value < DIGITS.length) return DIGITS.charAt(value);
  if (value < PAIRS.length) return PAIRS[value] ?? "";
  return digitsOf((value / PAIRS.length) | 0) + (PAIRS[value % PAIRS.length] ?? "");
}

/** The sequence number in a message id, or `undefined` when it is none of ours. */
export function seqOfMessageId(id: string): Seq | undefined {
  if (!id.startsWith(MESSAGE_ID_PREFIX) || id.length > 16) return undefined;
  const digits = id.slice(MESSAGE_ID_PREFIX.length);
  if (!/^[0-9a-z]+$/.test(digits)) return undefined;
  const seq = Number.parseInt(digits, 36);
  return Number.isSafeInteger(seq) && seq > 0 && seq.toString(36) === digits ? seq : undefined;
}

/**
 * `collection` has no `/`. Both are printable ASCII, so that their order is that of their bytes in every store: what may be
 * anything else goes through `encodeURIComponent`.
 */
export function itemKey(collection: string, id: string): ItemKey {
  return `${collection}/${id}`;
}

/** The two parts of a key. */
export function itemNames(key: ItemKey): { readonly collection: string; readonly id: string } {
  const at = key.indexOf("/");
  return { collection: key.slice(0, at), id: key.slice(at + 1) };
}

/** Under which the engine keeps what belongs to no tenant. No token can name it. */
export const NO_TENANT = "~" as TenantId;
