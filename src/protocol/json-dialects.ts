/**
 * The two dialects for tools and clients without a library: one JSON object per event, messages with every field present.
 * `camel` has camelCase keys, `snake` snake_case ones. Invariant: renaming touches the protocol's names only, never keys
 * that are data (emoji, room ids).
 */
import type { EventsFrame, MessageView, RoomEvent, ServerFrame } from "./frames.ts";
import { isoTime, jsonOfEvent, jsonOfFrame, jsonOfPoll, jsonOfThread } from "./json-frames.ts";

export type Dialect = "camel" | "snake";

/** The objects that express a frame, each to be sent as a WebSocket message of its own. */
export function dialectObjects(dialect: Dialect, frame: ServerFrame): readonly object[] {
  const objects = frame.type === "events" ? eventObjects(frame) : [jsonOfFrame(frame)];
  return dialect === "camel" ? objects : objects.map((object) => snakeCased(object));
}

/** A frame without events only says how far the room is. */
function eventObjects({ roomId, after, head, events }: EventsFrame): object[] {
  if (events.length === 0) return [{ type: "room_head", roomId, after, head }];
  let previous = after;
  return events.map((event, index) => {
    const place = { type: event.type, roomId, seq: event.seq, after: previous };
    previous = event.seq;
    // Fences behind the last event take numbers too.
    const tail = index === events.length - 1 && head > event.seq ? { head } : {};
    return { ...place, ...dialectEvent(event), ...tail };
  });
}

function dialectEvent(event: RoomEvent): object {
  if (event.type !== "new_message") return jsonOfEvent(event);
  return { timestamp: isoTime(event.timestamp), message: dialectMessage(event.message) };
}

/** A message with all of its fields, absent ones as `null`, false or empty, so that a page can show it without checks. */
function dialectMessage(message: MessageView): object {
  const reactions = Object.entries(message.reactions ?? {});
  return {
    messageId: message.messageId,
    roomId: message.roomId,
    seq: message.seq,
    messageNo: message.messageNo,
    authorId: message.authorId,
    authorName: message.authorName ?? null,
    authorAvatar: message.authorAvatar ?? null,
    content: message.content,
    type: message.messageType,
    timestamp: isoTime(message.timestamp),
    clientId: message.clientId ?? null,
    replyTo: message.replyTo ?? null,
    mentions: message.mentions ?? [],
    attachments: message.attachments ?? [],
    reactions: Object.fromEntries(reactions.map(([emoji, { users }]) => [emoji, users])),
    isEdited: message.editedAt !== undefined,
    editedAt: message.editedAt === undefined ? null : isoTime(message.editedAt),
    isDeleted: message.deletedAt !== undefined,
    isAnonymous: message.isAnonymous ?? false,
    ...(message.poll === undefined ? {} : { poll: jsonOfPoll(message.poll) }),
    ...(message.threadId === undefined ? {} : { threadId: message.threadId }),
    ...(message.thread === undefined ? {} : { thread: jsonOfThread(message.thread) }),
    ...(message.mentionsRoom === undefined ? {} : { mentionsRoom: true }),
    ...(message.answer === undefined ? {} : { answer: message.answer }),
  };
}

// ------------------------------------------------------------------------------------------------- snake_case

/** Objects whose keys are emoji or room ids. (`rooms` of `resumed` is a list, and renamed.) */
const KEYED_BY_DATA: ReadonlySet<string> = new Set(["reactions", "rooms", "mentionRooms"]);

/** Only the protocol's own names come here, so this stays small. */
const snakeNames = new Map<string, string>();

export function snakeName(name: string): string {
  let renamed = snakeNames.get(name);
  if (renamed === undefined) {
    renamed = name.replace(/[A-Z]+/g, (letters) => `_${letters.toLowerCase()}`);
    snakeNames.set(name, renamed);
  }
  return renamed;
}

/** Renames all keys. A message's or room's `type` gets the name that clients send it under; an owner shows as admin. */
function snakeCased(object: object, within?: string): object {
  const renamed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(object)) {
    if (name === "type" && within === "message") renamed["message_type"] = value;
    else if (name === "type" && within === "room") renamed["room_type"] = value;
    else if (name === "role" && value === "owner") renamed["role"] = "admin";
    else if (name === "field" && within === undefined) renamed["field"] = snakeName(value as string);
    else renamed[snakeName(name)] = snakeValue(name, value);
  }
  return renamed;
}

function snakeValue(name: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    return value.map((item: unknown) => (typeof item === "object" && item !== null ? snakeCased(item, name) : item));
  }
  return KEYED_BY_DATA.has(name) ? value : snakeCased(value, name);
}
