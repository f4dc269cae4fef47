/**
 * Server frames as canonical JSON (`stoa.v1.json`): the shapes of `frames.ts`, with points in time as ISO 8601 strings.
 * Invariant: `readServerFrame(JSON.stringify(jsonOfFrame(frame)))` is the frame again.
 */
import type { MessageView, PollView, RoomEvent, RoomPosition, RoomView, ServerFrame, ThreadChange } from "./frames.ts";

/** A point in time as people read it. */
export function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

export function jsonOfFrame(frame: ServerFrame): object {
  switch (frame.type) {
    case "events":
      return { ...frame, events: frame.events.map(jsonOfEvent) };
    case "ack": {
      const { timestamp, position } = frame;
      return {
        ...frame,
        ...(timestamp !== undefined && { timestamp: isoTime(timestamp) }),
        ...(position !== undefined && { position: jsonOfPosition(position) }),
      };
    }
    case "resumed":
      return { ...frame, rooms: frame.rooms.map(jsonOfPosition) };
    case "presence_update":
      return {
        ...frame,
        lastSeen: isoTime(frame.lastSeen),
        ...(frame.customStatusUntil === undefined ? {} : { customStatusUntil: isoTime(frame.customStatusUntil) }),
      };
    default:
      return frame;
  }
}

function jsonOfPosition(position: RoomPosition): object {
  const { muted } = position;
  return muted?.until === undefined ? position : { ...position, muted: { until: isoTime(muted.until) } };
}

export function jsonOfEvent(event: RoomEvent): object {
  const timestamp = isoTime(event.timestamp);
  if (event.type === "new_message") return { ...event, timestamp, message: jsonOfMessage(event.message) };
  if (event.type === "message_updated" && event.change.kind === "thread") {
    return { ...event, timestamp, change: { ...event.change, thread: jsonOfThread(event.change.thread) } };
  }
  if (event.type === "room_updated") return { ...event, timestamp, room: jsonOfRoom(event.room) };
  if (event.type === "member_muted" && event.until !== undefined) {
    return { ...event, timestamp, until: isoTime(event.until) };
  }
  return { ...event, timestamp };
}

export function jsonOfPoll({ closesAt, ...poll }: PollView): object {
  return closesAt === undefined ? poll : { ...poll, closesAt: isoTime(closesAt) };
}

function jsonOfRoom(room: RoomView): object {
  return { ...room, createdAt: isoTime(room.createdAt), lastActivity: isoTime(room.lastActivity) };
}

function jsonOfMessage(message: MessageView): object {
  const { timestamp, editedAt, deletedAt, poll, thread, ...rest } = message;
  return {
    ...rest,
    timestamp: isoTime(timestamp),
    ...(editedAt === undefined ? {} : { editedAt: isoTime(editedAt) }),
    ...(deletedAt === undefined ? {} : { deletedAt: isoTime(deletedAt) }),
    ...(poll === undefined ? {} : { poll: jsonOfPoll(poll) }),
    ...(thread === undefined ? {} : { thread: jsonOfThread(thread) }),
  };
}

export function jsonOfThread({ lastReplyAt, ...thread }: ThreadChange): object {
  return lastReplyAt === undefined ? thread : { ...thread, lastReplyAt: isoTime(lastReplyAt) };
}

/** Fields that are points in time, wherever they stand in a server frame. */
const TIMES: ReadonlySet<string> = new Set([
  "timestamp",
  "lastSeen",
  "customStatusUntil",
  "editedAt",
  "deletedAt",
  "createdAt",
  "lastActivity",
  "until",
  "closesAt",
  "lastReplyAt",
]);

/** For clients: reads a server frame of `stoa.v1.json`. Throws `SyntaxError` when the text is not JSON. */
export function readServerFrame(text: string): ServerFrame {
  return JSON.parse(text, readTime) as ServerFrame;
}

/** What REST and polls say in the shapes of frames, with points in time as milliseconds. */
export function withTimes<Value>(json: object): Value {
  return JSON.parse(JSON.stringify(json), readTime) as Value;
}

/** For `JSON.parse`. Maps whose keys people choose have no texts as values. */
function readTime(name: string, value: unknown): unknown {
  return TIMES.has(name) && typeof value === "string" ? Date.parse(value) : value;
}
