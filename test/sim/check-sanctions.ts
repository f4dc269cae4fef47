/** Checks of who was kept quiet or out (12): while a mute or ban holds, nobody is heard or let in, and its rows say so. */
import type { UserId } from "../../src/base/ids.ts";
import type { LogEvent, MemberJoined } from "../../src/domain/room/events.ts";
import { type BanRow, banKey, muteKey } from "../../src/domain/room/standing-rows.ts";
import type { FinalLog, History } from "./history.ts";
import type { Violate } from "./history-checker.ts";
import { eventsOf } from "./log-facts.ts";

type Sanction = Extract<LogEvent, { kind: "member_muted" | "member_banned" }>;

/** What muted people do not do. */
const SPEECH: ReadonlySet<LogEvent["kind"]> = new Set([
  "message_sent",
  "message_edited",
  "reaction_changed",
  "poll_voted",
]);

/** Whose sanctions are in force after these events. */
interface Standing {
  readonly mutes: Map<UserId, Sanction>;
  readonly bans: Map<UserId, Sanction>;
}

export function checkSanctions(log: FinalLog, violate: Violate): void {
  const standing: Standing = { mutes: new Map(), bans: new Map() };
  for (const event of eventsOf(log)) {
    judge(log, event, standing, violate);
    follow(event, standing);
  }
  for (const { keyOf, kind, sanctions } of [
    { keyOf: muteKey, kind: "mute", sanctions: standing.mutes },
    { keyOf: banKey, kind: "ban", sanctions: standing.bans },
  ]) {
    for (const userId of sanctionedIn(log)) {
      const row = log.items.get(keyOf(userId)) as BanRow | null | undefined;
      const sanction = sanctions.get(userId);
      const [said, stored] = [untilOf(sanction), row == null ? "none" : String(row.until)];
      if (said !== stored) violate("12 rows", `${log.room}: ${kind} of ${userId}: ${said}, the row ${stored}`);
    }
  }
  for (const [userId, row] of log.members) {
    const said = mutedUntil(eventsOf(log), userId, standing.mutes.get(userId));
    if (row.mutedUntil !== said)
      violate("12 rows", `${log.room}: ${userId} is muted until ${said}, the member's row ${row.mutedUntil}`);
  }
}

/**
 * As the member's own row says it: a mute that was over when they came is not in it. Whoever let them in may have had a clock that is
 * behind the log's times; what it decided stands in its event.
 */
function mutedUntil(
  events: readonly LogEvent[],
  userId: UserId,
  mute: Sanction | undefined,
): number | null | undefined {
  if (mute?.until === undefined) return mute && null;
  const { until } = mute;
  const coming = events.findLast(
    (event): event is MemberJoined => event.kind === "member_joined" && event.userId === userId && event.seq > mute.seq,
  );
  return coming !== undefined && coming.timestamp >= until && coming.mutedUntil !== until ? undefined : until;
}

/** A timestamp is never before the clock by which it was decided. */
function judge({ room }: FinalLog, event: LogEvent, { mutes, bans }: Standing, violate: Violate): void {
  const holds = ({ until }: Sanction): boolean => until === undefined || event.timestamp < until;
  if ("by" in event && SPEECH.has(event.kind)) {
    const mute = mutes.get(event.by);
    if (mute !== undefined && holds(mute) && !("run" in event && event.run !== undefined))
      violate("12 muted", `${room} seq ${event.seq}: ${event.kind} of ${event.by}, who was muted at ${mute.seq}`);
  }
  if (event.kind !== "member_joined") return;
  const ban = bans.get(event.userId);
  if (ban !== undefined && holds(ban))
    violate("12 banned", `${room} seq ${event.seq}: ${event.userId} joined, who was banned at ${ban.seq}`);
}

function follow(event: LogEvent, { mutes, bans }: Standing): void {
  if (event.kind === "member_muted") mutes.set(event.userId, event);
  else if (event.kind === "mute_lifted") mutes.delete(event.userId);
  else if (event.kind === "member_banned") bans.set(event.userId, event);
  else if (event.kind === "ban_lifted") bans.delete(event.userId);
}

function sanctionedIn(log: FinalLog): ReadonlySet<UserId> {
  const users = eventsOf(log).flatMap((event) =>
    event.kind === "member_muted" || event.kind === "member_banned" ? [event.userId] : [],
  );
  return new Set(users);
}

function untilOf(sanction: Sanction | undefined): string {
  return sanction === undefined ? "none" : String(sanction.until);
}

/** Nobody is told that they are muted or banned who never was. */
export function checkSanctioned({ clients, logs }: History, violate: Violate): void {
  for (const log of logs) {
    const events = eventsOf(log);
    for (const { name, user, requests } of clients) {
      for (const { room, body, answers } of requests) {
        if (room !== log.room) continue;
        for (const answer of answers) {
          if (answer.kind !== "error" || (answer.code !== "muted" && answer.code !== "banned")) continue;
          const kind = answer.code === "muted" ? "member_muted" : "member_banned";
          const subject = "userId" in body ? body.userId : user;
          // Whose message cannot be approved is another person.
          if (body.kind === "resolve_held") continue;
          if (!events.some((event) => event.kind === kind && event.userId === subject))
            violate("12 refused", `${name} ${room} ${body.kind}: ${answer.code}, and never was`);
        }
      }
    }
  }
}

/** The room ended with this person muted: a probe of theirs is refused. */
export function endsMuted(events: readonly LogEvent[], userId: UserId): boolean {
  const last = events.findLast(
    (event) => (event.kind === "member_muted" || event.kind === "mute_lifted") && event.userId === userId,
  );
  return last?.kind === "member_muted";
}
