/**
 * What a room's settings may be: shared by making a room and changing it. One entry per setting, each with its bound.
 * Invariant: an error names the field that was wrong.
 */
import {
  FILE_SIZE_MAX,
  FILE_TYPES_MAX,
  MEDIA_TYPE_LENGTH_MAX,
  RETENTION_DAYS_MAX,
  ROOM_DESCRIPTION_LENGTH_MAX,
  ROOM_NAME_LENGTH_MAX,
  SLOW_MODE_SECONDS_MAX,
  TAG_LENGTH_MAX,
  TAGS_MAX,
  URL_LENGTH_MAX,
} from "../../../base/limits.ts";
import { isLink } from "../../../base/links.ts";
import type { Decision } from "../decision.ts";
import type { RoomSettings } from "../events.ts";
import { ROOM_TYPE_LIMITS } from "../room-types.ts";
import type { ModerationLevel } from "../vocabulary.ts";
import { reject } from "./answer.ts";
import { isText } from "./values.ts";

/** `undefined`: fine. Otherwise the rest of a sentence that begins with the setting's name. */
type Check<Value> = (value: Value) => string | undefined;
type Setting = Exclude<keyof RoomSettings, "type" | "maxMembers" | "isArchived">;

const FILE_TYPE = /^(?:\.[a-z0-9]+|[a-z0-9!#$&^_.+-]+\/(?:\*|[a-z0-9!#$&^_.+-]+))$/i;
const LEVELS: readonly ModerationLevel[] = ["none", "basic", "strict"];

const CHECKS: { readonly [Name in Setting]-?: Check<NonNullable<RoomSettings[Name]>> } = {
  name: text(ROOM_NAME_LENGTH_MAX),
  description: text(ROOM_DESCRIPTION_LENGTH_MAX),
  avatar: link,
  banner: link,
  tags: list(TAGS_MAX, `tags of 1 to ${TAG_LENGTH_MAX} characters`, (tag) => isText(tag, TAG_LENGTH_MAX) && tag !== ""),
  allowInvites: flag,
  requireApproval: flag,
  allowFileUploads: flag,
  maxFileSize: whole(1, FILE_SIZE_MAX),
  allowedFileTypes: list(
    FILE_TYPES_MAX,
    "media types (image/png, image/*) or endings (.pdf)",
    (type) => type.length <= MEDIA_TYPE_LENGTH_MAX && FILE_TYPE.test(type),
  ),
  messageRetention: whole(0, RETENTION_DAYS_MAX),
  enableAI: flag,
  moderationLevel: (level) => (LEVELS.includes(level) ? undefined : `is one of ${LEVELS.join(", ")}.`),
  slowModeSeconds: whole(0, SLOW_MODE_SECONDS_MAX),
  allowAnonymous: flag,
};
/** What may be set, in the order in which it is judged. */
export const SETTINGS = Object.keys(CHECKS) as readonly Setting[];

/** `undefined`: they are fine. */
export function refuseSettings(settings: RoomSettings): Decision | undefined {
  for (const name of SETTINGS) {
    const value = settings[name];
    if (value === undefined) continue;
    const problem = (CHECKS[name] as Check<typeof value>)(value);
    if (problem !== undefined) return reject("invalid_field", `${name} ${problem}`, name);
  }
  const { type, maxMembers } = settings;
  const { membersMin, membersMax } = ROOM_TYPE_LIMITS[type];
  if (!Number.isInteger(maxMembers) || maxMembers < membersMin || maxMembers > membersMax) {
    const message = `maxMembers of a ${type} room is a whole number from ${membersMin} to ${membersMax}.`;
    return reject("invalid_field", message, "maxMembers");
  }
  return undefined;
}

export function areSame(a: RoomSettings, b: RoomSettings): boolean {
  return a.maxMembers === b.maxMembers && SETTINGS.every((name) => isSame(a[name], b[name]));
}

function isSame(a: RoomSettings[Setting], b: RoomSettings[Setting]): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b;
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

function text(lengthMax: number): Check<string> {
  return (value) => (isText(value, lengthMax) ? undefined : `is valid Unicode of at most ${lengthMax} characters.`);
}

/** An empty one takes away what was there. */
function link(value: string): string | undefined {
  if (value === "") return undefined;
  return isText(value, URL_LENGTH_MAX) && isLink(value)
    ? undefined
    : `is an http or https URL, or a path, of at most ${URL_LENGTH_MAX} characters.`;
}

function flag(value: boolean): string | undefined {
  return typeof value === "boolean" ? undefined : "is true or false.";
}

function whole(min: number, max: number): Check<number> {
  return (value) =>
    Number.isInteger(value) && value >= min && value <= max ? undefined : `is a whole number from ${min} to ${max}.`;
}

function list(itemsMax: number, words: string, isItem: (item: string) => boolean): Check<readonly string[]> {
  return (items) => (items.length <= itemsMax && items.every(isItem) ? undefined : `is at most ${itemsMax} ${words}.`);
}
