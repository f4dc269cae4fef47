/**
 * What is left of events and rows when a person was erased: their words, names and files are out of them; who did what to what,
 * places, numbers and counts stay. So a log is as valid as before, and erasing twice changes nothing the second time.
 * Invariant: gives the same object back when there is nothing to take out of it.
 */
import type { Seq, UserId } from "../../base/ids.ts";
import type { LogEvent, MessageEdited, MessageSent } from "./events.ts";
import type { HeldCommand, MessageHeld, Reported } from "./moderation-events.ts";
import { AUDIT, HELD, REPORTS, type Reporter, type ReportItem } from "./moderation-items.ts";
import { type FileItem, FILES } from "./files.ts";
import { NAMES, nameEntry, userOfEntry } from "./name-index.ts";
import { PSEUDONYM_BANS } from "./pseudonyms.ts";
import type { RowChange } from "./rows.ts";
import type { ItemValue, MessageOverlay } from "./state.ts";
import { followsOf } from "./thread-items.ts";

export interface Erasure {
  readonly userId: UserId;
  /** A message of theirs. */
  readonly isTheirs: (seq: Seq) => boolean;
  /** A message of somebody else's that replies to one of theirs. */
  readonly isReply: (seq: Seq) => boolean;
}

const QUOTED_LINE = /^ {0,3}>[^\n]*/gm;
const OMITTED = "> …";

/** A reply without what it quotes line by line. */
export function withoutQuotes(text: string): string {
  return text.includes(">") ? text.replace(QUOTED_LINE, OMITTED) : text;
}

export function erasedEvent(event: LogEvent, erasure: Erasure): LogEvent {
  if (event.kind === "fence") return event;
  const own = event.by === erasure.userId ? without(event, "clientId", "bodyHash") : event;
  switch (own.kind) {
    case "message_sent":
      return erasedMessage(own, erasure);
    case "message_edited":
      return erasedEdit(own, erasure);
    case "answer_extended":
      return erasure.isTheirs(own.target) && own.text !== "" ? { ...own, text: "" } : own;
    case "answer_ended":
      return erasure.isTheirs(own.target) ? withText(own, "") : own;
    case "file_added":
      return own.by === erasure.userId && own.fileName !== "" ? { ...own, fileName: "" } : own;
    case "member_joined":
    case "member_left":
      return own.userId === erasure.userId ? without(own, "name", "avatar") : own;
    case "join_requested":
      return own.by === erasure.userId ? without(own, "name", "avatar", "message") : own;
    case "member_banned":
    case "member_muted":
    case "report_resolved":
      return concerns(own, erasure) ? without(own, "reason") : own;
    case "held_resolved":
      return own.by === erasure.userId || own.author === erasure.userId ? without(own, "reason") : own;
    case "pseudonym_changed":
      return own.by === erasure.userId ? without(own, "reason") : own;
    case "message_held":
      return own.by === erasure.userId ? erasedHeld(own) : own;
    case "reported":
      return concerns(own, erasure) ? erasedReported(own) : own;
    default:
      return own;
  }
}

/** What somebody wrote, or what the assistant answered to them. */
export function isMessageOf(event: LogEvent, userId: UserId): boolean {
  return event.kind === "message_sent" && (event.by === userId || event.run?.asker === userId);
}

function erasedMessage(event: MessageSent, { userId, isReply }: Erasure): LogEvent {
  if (isMessageOf(event, userId)) {
    // A pseudonym is a name that was drawn by lot, and rows are made of it on replay.
    const bare = without(
      event,
      ...(event.as === undefined ? ["authorName"] : []),
      "authorAvatar",
      "attachments",
      "poll",
    );
    return bare.content === "" ? bare : { ...bare, content: "" };
  }
  return isReply(event.seq) ? withText(event, withoutQuotes(event.content)) : event;
}

function erasedEdit(event: MessageEdited, { userId, isTheirs, isReply }: Erasure): LogEvent {
  if (event.by === userId || isTheirs(event.target)) return withText(event, "");
  return isReply(event.target) ? withText(event, withoutQuotes(event.content)) : event;
}

function withText<Event extends { readonly content: string }>(event: Event, content: string): Event {
  return event.content === content ? event : { ...event, content };
}

function erasedHeld(event: MessageHeld): MessageHeld {
  const bare = without(event, ...(event.as === undefined ? ["authorName"] : []), "authorAvatar");
  const message = without<HeldCommand>(bare.message, "attachments", "poll");
  if (message === event.message && message.content === "") return bare;
  return { ...bare, message: { ...message, content: "" } };
}

function erasedReported(event: Reported): Reported {
  const bare = without(event, "details", "excerpt");
  return bare.reason === "" ? bare : { ...bare, reason: "" };
}

function concerns(event: { readonly by: UserId; readonly userId: UserId }, { userId }: Erasure): boolean {
  return event.by === userId || event.userId === userId;
}

/** Of a row that an adapter keeps with its segment. */
export function erasedRow(row: RowChange, erasure: Erasure): RowChange {
  switch (row.kind) {
    case "member": {
      if (row.userId !== erasure.userId || row.row === null) return row;
      const bare = without(row.row, "name", "avatar");
      return bare === row.row ? row : { ...row, row: bare };
    }
    case "message": {
      const overlay = erasedOverlay(row.seq, row.overlay, erasure);
      return overlay === row.overlay ? row : { ...row, overlay };
    }
    case "item": {
      if (row.collection === NAMES && userOfEntry(row.id) === erasure.userId) {
        // The id is the name.
        return { ...row, id: nameEntry("", erasure.userId), value: null };
      }
      if (row.value === null) return row;
      if (row.collection === HELD) return isHeldOf(row.value, erasure.userId) ? { ...row, value: null } : row;
      const value = erasedItem(row.collection, row.id, row.value, erasure.userId);
      return value === row.value ? row : { ...row, value };
    }
    case "room":
      return row;
  }
}

function erasedOverlay(seq: Seq, overlay: MessageOverlay, { isTheirs, isReply }: Erasure): MessageOverlay {
  if (isTheirs(seq)) return without(overlay, "content", "history", "answer");
  if (!isReply(seq) || overlay.content === undefined) return overlay;
  const bare = without(overlay, "history");
  const content = withoutQuotes(overlay.content);
  return bare === overlay && content === overlay.content ? overlay : { ...bare, content };
}

export function isHeldOf(value: ItemValue, userId: UserId): boolean {
  return (value as { readonly author?: UserId }).author === userId;
}

/** `null`: the row goes. Messages that are held are not for this: they are refused. */
export function erasedItem(collection: string, id: string, value: ItemValue, userId: UserId): ItemValue | null {
  switch (collection) {
    case REPORTS:
      return erasedReport(value as ReportItem, userId);
    case AUDIT:
    case "bans":
    case "mutes":
    case PSEUDONYM_BANS: {
      const { by, userId: whom } = value as { readonly by?: UserId; readonly userId?: UserId };
      return by === userId || whom === userId ? without(value, "reason" as never, "details" as never) : value;
    }
    case FILES:
      return (value as FileItem).by === userId ? null : value;
    case "requests":
      return (value as { readonly userId?: UserId }).userId === userId
        ? without(value, "name" as never, "avatar" as never, "message" as never)
        : value;
    case "anon":
      return id === `u:${userId}` ? null : value;
    case NAMES:
      return userOfEntry(id) === userId ? null : value;
    default:
      return collection === followsOf(userId) ? null : value;
  }
}

function erasedReport(report: ReportItem, userId: UserId): ReportItem {
  const isTheirs = report.userId === userId;
  const bare = isTheirs ? without(report, "excerpt") : report;
  const reporters = bare.reporters.map((one) => (isTheirs || one.by === userId ? erasedReporter(one) : one));
  const isSame = reporters.every((one, index) => one === bare.reporters[index]);
  const { resolved } = bare;
  const bareResolved = resolved && (isTheirs || resolved.by === userId) ? without(resolved, "reason") : resolved;
  if (isSame && bareResolved === resolved) return bare;
  return { ...bare, reporters, ...(bareResolved !== undefined && { resolved: bareResolved }) };
}

function erasedReporter(reporter: Reporter): Reporter {
  const bare = without(reporter, "details");
  return bare.reason === "" ? bare : { ...bare, reason: "" };
}

/** The same object when it has none of them. */
function without<Value extends object>(value: Value, ...names: readonly (keyof Value | string)[]): Value {
  if (!names.some((name) => (value as Readonly<Record<string, unknown>>)[String(name)] !== undefined)) return value;
  const gone = new Set(names.map(String));
  return Object.fromEntries(Object.entries(value).filter(([name]) => !gone.has(name))) as Value;
}

/** The items of one collection that hold something of the person, of one page. */
export function itemsToErase(
  collection: string,
  items: readonly { readonly id: string; readonly value: ItemValue }[],
  userId: UserId,
): readonly string[] {
  return items
    .filter(({ id, value }) =>
      collection === HELD ? isHeldOf(value, userId) : erasedItem(collection, id, value, userId) !== value,
    )
    .map(({ id }) => id);
}
