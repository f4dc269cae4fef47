/**
 * Pages of a room's members: in the order of their ids, or by a prefix: first those whose name begins with it, in the order
 * of names and whatever the case, then those whose id does.
 * Invariant: over all pages every member is listed once; a page costs a bounded number of reads, whatever the room's size,
 * and may be shorter than its limit although there are more.
 */
import type { UserId } from "../../base/ids.ts";
import { MEMBER_SEARCH_READS_MAX } from "../../base/limits.ts";
import { foldedName, NAMES, nameEntry, userOfEntry } from "../../domain/room/name-index.ts";
import type { MemberRow } from "../../domain/room/state.ts";
import type { Journal, LogKey, ReadResult } from "../../storage/journal.ts";
import type { Later } from "../actor.ts";

export interface MembersQuery {
  readonly after?: string;
  readonly prefix?: string;
  readonly limit: number;
}

export interface MembersPage {
  readonly members: readonly MemberRow[];
  /** What the next page comes after; `undefined`: there is none. */
  readonly next: string | undefined;
}

type Answer<Value> = (result: ReadResult<Value>) => void;

/** How the place of a search is written (`MEMBERS_PLACE`): among the names, or among the ids. */
const AMONG_NAMES = "n:";
const AMONG_IDS = "i:";
export class MemberPages {
  readonly #journal: Journal;
  readonly #key: LogKey;
  readonly #later: Later;

  constructor(journal: Journal, key: LogKey, later: Later) {
    this.#journal = journal;
    this.#key = key;
    this.#later = later;
  }

  page({ after, prefix, limit }: MembersQuery, answer: Answer<MembersPage>): void {
    if (prefix !== undefined) return this.#search(prefix, after ?? AMONG_NAMES, limit, answer);
    this.#journal.listMembers(
      this.#key,
      { ...(after !== undefined && { after: after as UserId }), limit: limit + 1 },
      this.#later((read) => {
        if (!read.ok) return answer(read);
        const members = read.value.slice(0, limit);
        const next = read.value.length > limit ? members.at(-1)?.userId : undefined;
        answer({ ok: true, value: { members, next } });
      }),
    );
  }

  #search(prefix: string, place: string, limit: number, answer: Answer<MembersPage>): void {
    const after = place.slice(AMONG_NAMES.length);
    if (place.startsWith(AMONG_IDS)) return this.#byId(prefix, after, limit, [], MEMBER_SEARCH_READS_MAX, answer);
    this.#byName(prefix, after, limit, (named) => {
      if (!named.ok) return answer(named);
      const { members, next } = named.value;
      if (next !== undefined) answer(named);
      else if (members.length >= limit) answer({ ok: true, value: { members, next: AMONG_IDS } });
      else this.#byId(prefix, "", limit, members, MEMBER_SEARCH_READS_MAX, answer);
    });
  }

  #byName(prefix: string, after: string, limit: number, answer: Answer<MembersPage>): void {
    const query = { collection: NAMES, prefix: foldedName(prefix), limit: limit + 1 };
    this.#journal.listItems(
      this.#key,
      after === "" ? query : { ...query, after },
      this.#later((listed) => {
        if (!listed.ok) return answer(listed);
        const entries = listed.value.slice(0, limit);
        const next = listed.value.length > limit ? `${AMONG_NAMES}${entries.at(-1)?.id}` : undefined;
        if (entries.length === 0) return answer({ ok: true, value: { members: [], next } });
        this.#journal.readMembers(
          this.#key,
          entries.map(({ id }) => userOfEntry(id)),
          this.#later((read) => {
            if (!read.ok) return answer(read);
            // Who left between the two reads is left out, and who came back under another name is listed under that one.
            const members = read.value.filter((row, i) => row !== null && entryOf(row) === entries[i]?.id);
            answer({ ok: true, value: { members: members as readonly MemberRow[], next } });
          }),
        );
      }),
    );
  }

  /** Goes on from `found`. Whose name begins so, too, was listed among the names. */
  #byId(
    prefix: string,
    after: string,
    limit: number,
    found: readonly MemberRow[],
    readsLeft: number,
    answer: Answer<MembersPage>,
  ): void {
    const query = { prefix, limit: limit + 1 };
    this.#journal.listMembers(
      this.#key,
      after === "" ? query : { ...query, after: after as UserId },
      this.#later((read) => {
        if (!read.ok) return answer(read);
        const rows = read.value;
        const named = foldedName(prefix);
        const members = [...found];
        let last = after;
        for (const row of rows) {
          if (members.length >= limit) return answer({ ok: true, value: { members, next: AMONG_IDS + last } });
          if (entryOf(row)?.startsWith(named) !== true) members.push(row);
          last = row.userId;
        }
        if (rows.length <= limit) answer({ ok: true, value: { members, next: undefined } });
        else if (readsLeft <= 1) answer({ ok: true, value: { members, next: AMONG_IDS + last } });
        else this.#byId(prefix, last, limit, members, readsLeft - 1, answer);
      }),
    );
  }
}

function entryOf(row: MemberRow): string | undefined {
  return row.name === undefined ? undefined : nameEntry(row.name, row.userId);
}
