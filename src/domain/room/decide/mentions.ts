/**
 * Who is meant by a message: people by id, or the whole room.
 * Invariant: only members are named, so that a mention tells nobody of a room that they don't know; what a text seems to
 * name and is no member stays plain text.
 */
import { ID_PATTERN, type UserId } from "../../../base/ids.ts";
import { ID_LENGTH_MAX, MENTIONS_MAX } from "../../../base/limits.ts";
import type { SendMessage } from "../commands.ts";
import type { Decision } from "../decision.ts";
import { isAllowed } from "../permissions.ts";
import { type LiveRoom, needMembers, refuse, reject } from "./answer.ts";

/** At the start of a word, so that an e-mail address names nobody. */
const NAMED = new RegExp(
  `(?<![\\w@.])@(${ID_PATTERN.source.slice(1, -1).replace(/\+$/, "")}{1,${ID_LENGTH_MAX}})`,
  "g",
);
/** What ends a sentence may also be part of an id. */
const PUNCTUATION = /[.:,!|*~=+$@-]+$/;
const WHOLE_ROOM: ReadonlySet<string> = new Set(["room", "all", "here"]);
const NO_USERS: readonly UserId[] = [];

export interface Mentions {
  /** Each once, in the order they were named; the author may be among them. */
  readonly users: readonly UserId[];
  readonly room: boolean;
}
const NOBODY: Mentions = { users: NO_USERS, room: false };

/** false: ordinary words. */
export function mayMention({ content, mentions, mentionRoom }: SendMessage): boolean {
  return mentions !== undefined || mentionRoom === true || content.includes("@");
}

/** A missing row, a refusal, or who is meant. */
export function mentionsOf(state: LiveRoom, command: SendMessage): Mentions | Decision {
  const { by, content, mentions, mentionRoom } = command;
  if (mentions !== undefined && mentions.length > MENTIONS_MAX) {
    return reject("invalid_field", `A message has at most ${MENTIONS_MAX} mentions.`, "mentions");
  }
  if (mentionRoom === true) {
    const refusal = refuse(state, by, "mention_room");
    if (refusal !== undefined) return refusal;
  }
  if (!mayMention(command)) return NOBODY;
  const named = content.includes("@") ? namesIn(content) : [];
  const users = membersAmong(state, mentions?.map((userId) => [userId]) ?? named);
  if ("kind" in users) return users;
  return { users: users.found, room: mentionRoom ?? (namesRoom(named) && mayNameRoom(state, by)) };
}

function mayNameRoom(state: LiveRoom, by: SendMessage["by"]): boolean {
  return isAllowed(state.settings.type, "mention_room", by, state.members.get(by.userId)?.role);
}

function namesRoom(named: readonly (readonly string[])[]): boolean {
  return named.some((readings) => readings.some((name) => WHOLE_ROOM.has(name)));
}

/** For each name what it may mean: as it stands, and without the punctuation behind it. */
function namesIn(content: string): UserId[][] {
  const named: UserId[][] = [];
  for (const match of content.matchAll(NAMED)) {
    if (named.length === MENTIONS_MAX) break;
    const whole = match[1] as UserId;
    const bare = whole.replace(PUNCTUATION, "") as UserId;
    named.push(bare === whole || bare === "" ? [whole] : [whole, bare]);
  }
  return named;
}

/** Of each name the first reading that is a member. */
function membersAmong(
  state: LiveRoom,
  named: readonly (readonly UserId[])[],
): Decision | { readonly found: readonly UserId[] } {
  const found = new Set<UserId>();
  const unknown = new Set<UserId>();
  for (const readings of named) {
    for (const userId of readings) {
      const row = state.members.get(userId);
      if (row === undefined) unknown.add(userId);
      else if (row !== null) {
        found.add(userId);
        break;
      }
    }
  }
  return unknown.size > 0 ? needMembers([...unknown]) : { found: [...found] };
}
