/**
 * Pseudonyms: under which an anonymous author is shown in one room, always the same one. It is drawn by lot when first
 * needed and kept in a row, so that nothing about it can be computed from who the person is.
 * Invariant: rows by person are read by `decide` alone; no list and no view is made of them.
 */
import { hash32 } from "../../base/hash.ts";
import { type ItemKey, itemKey, type Seq, type UserId } from "../../base/ids.ts";
import type { RoomState } from "./state.ts";

export interface PseudonymRow {
  readonly id: UserId;
  readonly name: string;
}
/** That a pseudonym may write no more. */
export interface PseudonymBan {
  readonly name: string;
  readonly by: UserId;
  readonly at: number;
  readonly reason?: string;
}

const COLLECTION = "anon";
export const PSEUDONYM_BANS = "anonbans";
/** What a pseudonym's id begins with. */
const PSEUDONYM_PREFIX = "anon_";
const BIRDS = [
  ..."Avocet Bittern Bunting Buzzard Chough Condor Coot Crane Curlew Dipper Dotterel Dove Dunlin Eagle Egret Eider".split(
    " ",
  ),
  ..."Falcon Finch Fulmar Gannet Godwit Goshawk Grebe Grouse Gull Harrier Heron Hobby Hoopoe Ibis Jackdaw Jay".split(
    " ",
  ),
  ..."Kestrel Kite Knot Lapwing Lark Linnet Magpie Merlin Nuthatch Oriole Osprey Ouzel Owl Petrel Pintail Pipit".split(
    " ",
  ),
  ..."Plover Puffin Quail Rail Raven Robin Rook Ruff Shrike Siskin Snipe Starling Stork Swift Teal Wren".split(" "),
] as const;
const NUMBERS = 999;

export function mayBePseudonym(id: UserId): boolean {
  return id.startsWith(PSEUDONYM_PREFIX);
}

/** The pseudonym of a person. */
export function pseudonymKey(user: UserId): ItemKey {
  return itemKey(COLLECTION, `u:${user}`);
}

/** That there is such a pseudonym; it does not say whose. */
export function pseudonymNameKey(id: UserId): ItemKey {
  return itemKey(COLLECTION, `p:${id}`);
}

export function pseudonymBanKey(id: UserId): ItemKey {
  return itemKey(PSEUDONYM_BANS, id);
}

/** `token`: characters that nobody can guess. */
export function pseudonymOf(token: string): PseudonymRow {
  const hash = hash32(token);
  const bird = BIRDS[hash % BIRDS.length];
  const number = 1 + (Math.floor(hash / BIRDS.length) % NUMBERS);
  return { id: (PSEUDONYM_PREFIX + token) as UserId, name: `Guest ${bird} ${number}` };
}

/** What a message, published or held, tells of its author's pseudonym when it is their first one. */
interface FirstUnderPseudonym {
  readonly by: UserId;
  readonly as?: UserId;
  readonly authorName?: string;
  readonly isFirstAs?: true;
  readonly seq: Seq;
}

export function givePseudonym({ items }: Pick<RoomState, "items">, event: FirstUnderPseudonym): void {
  const { by, as, authorName, isFirstAs, seq } = event;
  if (isFirstAs === undefined || as === undefined) return;
  const row: PseudonymRow = { id: as, name: authorName ?? as };
  items.set(pseudonymKey(by), row, seq);
  items.set(pseudonymNameKey(as), { name: row.name }, seq);
}

/** The rows that `givePseudonym` wrote. */
export function givenKeys({ by, as, isFirstAs }: FirstUnderPseudonym): readonly ItemKey[] {
  return isFirstAs === undefined || as === undefined ? [] : [pseudonymKey(by), pseudonymNameKey(as)];
}
