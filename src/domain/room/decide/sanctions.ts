/** Keeping people out, and keeping them quiet, for a while or for good; and ending it. */
import type { UserId } from "../../../base/ids.ts";
import { BANS_MAX, REASON_LENGTH_MAX, SANCTION_MS_MAX } from "../../../base/limits.ts";
import type { BanMember, MuteMember, UnbanMember, UnmuteMember } from "../commands.ts";
import type { Decision } from "../decision.ts";
import type { MemberBanned, MemberMuted } from "../events.ts";
import { LEVEL } from "../permissions.ts";
import { banKey, muteKey, type MuteRow, standingRow } from "../standing-rows.ts";
import type { MemberRow } from "../state.ts";
import {
  accept,
  type DecideContext,
  eventBase,
  type LiveRoom,
  levelIn,
  needItems,
  needMember,
  refuse,
  reject,
  UNCHANGED,
} from "./answer.ts";
import { banOf } from "./gates.ts";
import { isLastOwner, mayRule, notAMember } from "./membership.ts";
import { refuseNobody } from "./nobody.ts";
import { refuseDuration, refuseText } from "./values.ts";

export function decideBan(state: LiveRoom, command: BanMember, bodyHash: number, context: DecideContext): Decision {
  const { by, userId } = command;
  const refusal = refuse(state, by, "ban") ?? refuseTerms(command);
  if (refusal !== undefined) return refusal;
  if (userId === by.userId) return reject("invalid_field", "Nobody bans themselves.", "userId");
  const nobody = refuseNobody(state, userId);
  if (nobody !== undefined) return nobody;
  const row = state.members.get(userId);
  if (row === undefined) return needMember(userId);
  if (row !== null) {
    if (!mayRule(levelIn(state, by), LEVEL[row.role])) {
      return reject("forbidden", `Banning a member with the role ${row.role} needs a higher role.`);
    }
    if (isLastOwner(state, row)) return reject("last_owner");
  }
  const former = banOf(state, userId);
  if (former === undefined) return needItems(banKey(userId));
  if (former === null && state.banCount >= BANS_MAX) return tooMany("bans", BANS_MAX);
  const base = eventBase(state, command, bodyHash, context);
  const ban: MemberBanned = {
    kind: "member_banned",
    seq: state.head + 1,
    ...base,
    userId,
    ...termsOf(command, base.timestamp),
    ...(former !== null && { replaces: true }),
  };
  if (row === null) return accept([{ ...ban, stranger: true }]);
  return accept(
    [ban, { kind: "member_left", seq: ban.seq + 1, ...base, userId, role: row.role, reason: "banned" }],
    [{ kind: "notify", userIds: [userId], reason: "banned" }],
  );
}

export function decideUnban(state: LiveRoom, command: UnbanMember, bodyHash: number, context: DecideContext): Decision {
  const refusal = refuse(state, command.by, "ban");
  if (refusal !== undefined) return refusal;
  const { userId } = command;
  const ban = banOf(state, userId);
  if (ban === undefined) return needItems(banKey(userId));
  if (ban === null) return UNCHANGED;
  return accept([{ kind: "ban_lifted", seq: state.head + 1, ...eventBase(state, command, bodyHash, context), userId }]);
}

export function decideMute(state: LiveRoom, command: MuteMember, bodyHash: number, context: DecideContext): Decision {
  const { userId } = command;
  const refusal = refuse(state, command.by, "mute") ?? refuseTerms(command);
  if (refusal !== undefined) return refusal;
  const row = state.members.get(userId);
  if (row === undefined) return needMember(userId);
  if (row === null) return notAMember();
  const refused = refuseRank(state, command, row);
  if (refused !== undefined) return refused;
  const former = muteOf(state, userId);
  if (former === undefined) return needItems(muteKey(userId));
  if (former === null && state.muteCount >= BANS_MAX) return tooMany("mutes", BANS_MAX);
  const base = eventBase(state, command, bodyHash, context);
  const mute: MemberMuted = {
    kind: "member_muted",
    seq: state.head + 1,
    ...base,
    userId,
    ...termsOf(command, base.timestamp),
    ...(former !== null && { replaces: true }),
  };
  return accept([mute]);
}

export function decideUnmute(
  state: LiveRoom,
  command: UnmuteMember,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const { userId } = command;
  const refusal = refuse(state, command.by, "mute");
  if (refusal !== undefined) return refusal;
  const row = state.members.get(userId);
  if (row === undefined) return needMember(userId);
  const refused = row === null ? undefined : refuseRank(state, command, row);
  if (refused !== undefined) return refused;
  const mute = muteOf(state, userId);
  if (mute === undefined) return needItems(muteKey(userId));
  if (mute === null) return UNCHANGED;
  return accept([
    { kind: "mute_lifted", seq: state.head + 1, ...eventBase(state, command, bodyHash, context), userId },
  ]);
}

/** `undefined`: not known. */
export function muteOf(state: LiveRoom, userId: UserId): MuteRow | null | undefined {
  return state.muteCount === 0 ? null : standingRow<MuteRow>(state, muteKey(userId));
}

export function tooMany(what: string, max: number): Decision {
  return reject("too_many", `A room has at most ${max} ${what}.`);
}

function refuseRank(state: LiveRoom, { by }: MuteMember | UnmuteMember, { role }: MemberRow): Decision | undefined {
  if (mayRule(levelIn(state, by), LEVEL[role])) return undefined;
  return reject("forbidden", `Muting a member with the role ${role} needs a higher role.`);
}

type Terms = Pick<BanMember, "durationMs" | "reason">;

function refuseTerms({ durationMs, reason }: Terms): Decision | undefined {
  return refuseDuration(durationMs, SANCTION_MS_MAX) ?? refuseText("reason", reason, REASON_LENGTH_MAX);
}

function termsOf({ durationMs, reason }: Terms, from: number): Pick<MemberBanned, "until" | "reason"> {
  return {
    ...(durationMs !== undefined && { until: from + durationMs }),
    ...(reason !== undefined && { reason }),
  };
}
