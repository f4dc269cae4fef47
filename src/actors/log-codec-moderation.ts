/**
 * The positions of moderation's events in the log, after the fields that all events have. Part of `log-codec.ts`.
 * Invariant: as there, positions are never moved; new ones are appended behind `as`, which stands last here.
 */
import type { MessageId, Seq, UserId } from "../base/ids.ts";
import type { Finding, ModerationRule } from "../domain/moderation/rules.ts";
import type { Common } from "../domain/room/events.ts";
import type { HeldCommand, ModerationEvent, ReportAction } from "../domain/room/moderation-events.ts";

const FIRST = 5;
/** By kind number: `KIND` in `log-codec.ts`. */
const NUMBER = {
  moderation_changed: 50,
  message_held: 51,
  held_resolved: 52,
  reported: 53,
  report_resolved: 54,
} as const;

export function moderationFields(event: ModerationEvent): unknown[] {
  switch (event.kind) {
    case "moderation_changed":
      return [event.rules];
    case "message_held":
      return [event.message, event.authorName, event.authorAvatar, event.finding];
    case "held_resolved":
      return [event.heldSeq, event.author, event.userAs, event.approved, event.reason];
    case "reported":
      return [
        event.messageSeq,
        event.userId,
        event.userAs,
        event.reason,
        event.details,
        event.excerpt,
        event.finding,
        event.first,
      ];
    case "report_resolved":
      return [event.report, event.action, event.userId, event.userAs, event.messageId, event.reason];
  }
}

/** `common` is what all events have, read already. */
export function moderationEvent(common: Omit<Common, "as">, row: readonly unknown[]): ModerationEvent {
  const fields = row.slice(FIRST);
  const as = (place: number): { readonly as?: UserId } =>
    fields[place] == null ? {} : { as: fields[place] as UserId };
  switch (row[0]) {
    case NUMBER.moderation_changed:
      return { kind: "moderation_changed", ...common, rules: fields[0] as ModerationRule[], ...as(1) };
    case NUMBER.message_held:
      return {
        kind: "message_held",
        ...common,
        message: withoutNil(fields[0] as HeldCommand),
        ...(fields[1] != null && { authorName: fields[1] as string }),
        ...(fields[2] != null && { authorAvatar: fields[2] as string }),
        finding: fields[3] as Finding,
        ...as(4),
        ...(fields[5] != null && { isFirstAs: true }),
      };
    case NUMBER.held_resolved:
      return {
        kind: "held_resolved",
        ...common,
        heldSeq: fields[0] as Seq,
        author: fields[1] as UserId,
        ...(fields[2] != null && { userAs: fields[2] as UserId }),
        approved: fields[3] as boolean,
        ...(fields[4] != null && { reason: fields[4] as string }),
        ...as(5),
      };
    case NUMBER.reported:
      return {
        kind: "reported",
        ...common,
        ...(fields[0] != null && { messageSeq: fields[0] as Seq }),
        userId: fields[1] as UserId,
        ...(fields[2] != null && { userAs: fields[2] as UserId }),
        reason: fields[3] as string,
        ...(fields[4] != null && { details: fields[4] as string }),
        ...(fields[5] != null && { excerpt: fields[5] as string }),
        ...(fields[6] != null && { finding: fields[6] as Finding }),
        first: fields[7] as boolean,
        ...as(8),
      };
    case NUMBER.report_resolved:
      return {
        kind: "report_resolved",
        ...common,
        report: fields[0] as string,
        action: fields[1] as ReportAction,
        userId: fields[2] as UserId,
        ...(fields[3] != null && { userAs: fields[3] as UserId }),
        ...(fields[4] != null && { messageId: fields[4] as MessageId }),
        ...(fields[5] != null && { reason: fields[5] as string }),
        ...as(6),
      };
    default:
      throw new Error(`no event of moderation has the kind ${String(row[0])}`);
  }
}

/** Absent fields are nil in the log. */
function withoutNil(command: HeldCommand): HeldCommand {
  return Object.fromEntries(Object.entries(command).filter(([, value]) => value != null)) as unknown as HeldCommand;
}
