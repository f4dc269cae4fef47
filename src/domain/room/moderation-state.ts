/**
 * How events of moderation change a room's state and its rows. Invariant: as in `apply`, what is not known on replay stays
 * unknown: the store has it with the change.
 */
import { HOUR_MS } from "../../base/days.ts";
import type { ItemKey, UserId } from "../../base/ids.ts";
import { REPORTS_PER_HOUR_MAX, STAFF_KEPT_MAX } from "../../base/limits.ts";
import type { ModerationRule } from "../moderation/rules.ts";
import type { MessageHeld, ModerationEvent, Reported, ReportResolved } from "./moderation-events.ts";
import {
  type HeldItem,
  heldKey,
  itemAs,
  openReportKey,
  type ReportItem,
  reportedKey,
  type ReporterItem,
  reporterKey,
  reportIdOf,
  reportItemOf,
  resolvedReportKey,
  type SlowItem,
  slowKey,
} from "./moderation-items.ts";
import { changedFiles, filesChanged } from "./files.ts";
import type { MessageSent } from "./events.ts";
import { givenKeys, givePseudonym } from "./pseudonyms.ts";
import type { RoomState } from "./state.ts";
import type { Role } from "./vocabulary.ts";

/** What a room keeps of moderation beside its rows. */
export interface ModerationState {
  readonly rules: readonly ModerationRule[];
  /** Messages that wait for a moderator. */
  readonly heldCount: number;
}

export const NO_MODERATION: ModerationState = { rules: [], heldCount: 0 };

export function applyModeration(state: RoomState, event: ModerationEvent): void {
  const before = state.moderation ?? NO_MODERATION;
  switch (event.kind) {
    case "moderation_changed":
      state.moderation = { ...before, rules: event.rules };
      return;
    case "message_held":
      state.moderation = { ...before, heldCount: before.heldCount + 1 };
      state.items.set(heldKey(event.seq), heldItemOf(event), event.seq);
      givePseudonym(state, event);
      filesChanged(state, event);
      return;
    case "held_resolved":
      state.moderation = { ...before, heldCount: before.heldCount - 1 };
      state.items.set(heldKey(event.heldSeq), null, event.seq);
      return;
    case "reported":
      reported(state, event);
      return;
    case "report_resolved":
      resolved(state, event);
      return;
  }
}

/** The keys of the items that the event changed. */
export function moderationItems(event: ModerationEvent): readonly ItemKey[] {
  switch (event.kind) {
    case "moderation_changed":
      return [];
    case "message_held":
      return [heldKey(event.seq), ...givenKeys(event), ...changedFiles(event)];
    case "held_resolved":
      return [heldKey(event.heldSeq)];
    case "reported": {
      const reportId = reportIdOf(event.messageSeq, event.userId);
      if (event.finding !== undefined) return [openReportKey(reportId)];
      return [openReportKey(reportId), reportedKey(reportId, event.by), reporterKey(event.by)];
    }
    case "report_resolved":
      return [openReportKey(event.report), resolvedReportKey(event.seq)];
  }
}

/** Who has more than a member's role, from events alone: on replay rows are not known. */
export function staffChanged(state: RoomState, userId: UserId, role: Role): void {
  const others = state.staff.filter((one) => one !== userId);
  state.staff = role === "member" || others.length >= STAFF_KEPT_MAX ? others : [...others, userId];
}

/** In rooms with slow mode: when a member spoke last. */
export function noteSpoken(state: RoomState, { by, timestamp, seq }: MessageSent): void {
  const item: SlowItem = { at: timestamp };
  state.items.set(slowKey(by), item, seq);
}

export function isSlow(state: RoomState): boolean {
  return (state.settings?.slowModeSeconds ?? 0) > 0;
}

function heldItemOf({
  seq,
  timestamp,
  by,
  as,
  clientId,
  authorName,
  authorAvatar,
  message,
  finding,
}: MessageHeld): HeldItem {
  return {
    seq,
    heldAt: timestamp,
    author: by,
    ...(as !== undefined && { as }),
    ...(authorName !== undefined && { authorName }),
    ...(authorAvatar !== undefined && { authorAvatar }),
    ...(clientId !== undefined && { clientId }),
    message,
    finding,
  };
}

function reported(state: RoomState, event: Reported): void {
  const reportId = reportIdOf(event.messageSeq, event.userId);
  const key = openReportKey(reportId);
  const open = event.first ? null : itemAs<ReportItem>(state.items.get(key));
  if (open !== undefined) state.items.set(key, reportItemOf(event, open ?? undefined), event.seq);
  if (event.finding !== undefined) return;
  state.items.set(reportedKey(reportId, event.by), { at: event.timestamp }, event.seq);
  const reporter = itemAs<ReporterItem>(state.items.get(reporterKey(event.by)));
  if (reporter === undefined) return;
  const recent = (reporter?.at ?? []).filter((at) => at > event.timestamp - HOUR_MS);
  const item: ReporterItem = { at: [...recent, event.timestamp].slice(-REPORTS_PER_HOUR_MAX) };
  state.items.set(reporterKey(event.by), item, event.seq);
}

function resolved(state: RoomState, event: ReportResolved): void {
  const { seq, by, timestamp: at, action, reason } = event;
  const open = itemAs<ReportItem>(state.items.get(openReportKey(event.report)));
  if (open != null) {
    const item: ReportItem = { ...open, resolved: { by, at, action, ...(reason !== undefined && { reason }) } };
    state.items.set(resolvedReportKey(seq), item, seq);
  }
  state.items.set(openReportKey(event.report), null, seq);
}
