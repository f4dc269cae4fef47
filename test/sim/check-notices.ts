/**
 * Checks of what people were told while they were away (15): of what was for them, by somebody else; in the drill at the end each of its
 * mentions once, with one id, if they are to be told, and never if they were there, had read it, or did not want it.
 */
import type { UserId } from "../../src/base/ids.ts";
import type { LogEvent, MessageSent } from "../../src/domain/room/events.ts";
import type { FinalLog, History } from "./history.ts";
import type { Violate } from "./history-checker.ts";
import { eventsOf, membershipsOf, presentMembership } from "./log-facts.ts";
import { DRILL } from "./notice-drill.ts";

export function checkNotices({ logs, notices, clients }: History, violate: Violate): void {
  if (notices === undefined) return;
  for (const log of logs) {
    const events = eventsOf(log);
    for (const { roomId, userId, fromSeq, toSeq, reason } of notices.told) {
      if (roomId !== log.room) continue;
      const wrong = [fromSeq, toSeq].filter((seq) => !isFor(events[seq - 1], userId, reason === "mention"));
      if (wrong.length > 0)
        violate("15 told", `${userId} ${log.room}: ${reason}, and ${wrong.join(", ")} is not theirs`);
    }
    const present = membershipsOf(events);
    for (const [userId, part] of notices.drill) {
      if (presentMembership(present.get(userId)) === undefined) continue;
      const hasRead = clients.some(
        ({ user, requests }) =>
          user === userId &&
          requests.some(
            ({ room, body, answers }) =>
              room === log.room &&
              body.kind === "mark_read" &&
              body.seq >= (drillsIn(events, userId).at(-1)?.seq ?? Number.POSITIVE_INFINITY) &&
              answers.some(({ kind }) => kind === "ack"),
          ),
      );
      if (part === "read" && !hasRead) continue;
      checkDrill(log, drillsIn(events, userId), { userId, part, told: notices.told }, violate);
    }
  }
}

interface Person extends Pick<NonNullable<History["notices"]>, "told"> {
  readonly userId: UserId;
  readonly part: string;
}

function checkDrill(
  { room }: FinalLog,
  drills: readonly MessageSent[],
  { userId, part, told }: Person,
  violate: Violate,
): void {
  for (const { seq } of drills) {
    const own = told.filter((one) => one.roomId === room && one.userId === userId && covers(one, seq));
    const ids = new Set(own.map(({ id }) => id));
    const place = `${userId} ${room} seq ${seq}`;
    if (part !== "due" && ids.size > 0) violate(`15 ${part}`, `${place}: was told all the same`);
    if (part !== "due") continue;
    if (ids.size === 0) violate("15 lost", `${place}: was never told`);
    if (ids.size > 1) violate("15 twice", `${place}: was told as ${[...ids].join(", ")}`);
  }
}

function covers({ fromSeq, toSeq }: { readonly fromSeq: number; readonly toSeq: number }, seq: number): boolean {
  return fromSeq <= seq && seq <= toSeq;
}

function drillsIn(events: readonly LogEvent[], userId: UserId): readonly MessageSent[] {
  return events.filter(
    (event): event is MessageSent =>
      event.kind === "message_sent" && event.content === DRILL && event.mentions?.includes(userId) === true,
  );
}

/** A message of somebody else; one that mentions them, or stands in a thread. */
function isFor(event: LogEvent | undefined, userId: UserId, isMention: boolean): boolean {
  if (event?.kind !== "message_sent" || event.by === userId) return false;
  return event.mentions?.includes(userId) === true || event.thread !== undefined || !isMention;
}
