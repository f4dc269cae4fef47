/**
 * Checks of messages that moderators decide about (13), by the log's own order: what the rules in force say is done, what waits is
 * published once or never, and nobody hears of it who is not to.
 */
import { itemNames, messageIdOf, type Seq, seqOfMessageId, type UserId } from "../../src/base/ids.ts";
import type { LogEvent, MessageEdited, MessageSent } from "../../src/domain/room/events.ts";
import { HELD, type HeldItem } from "../../src/domain/room/moderation-items.ts";
import type { HeldResolved, MessageHeld } from "../../src/domain/room/moderation-events.ts";
import type { ClientHistory, FinalLog, History } from "./history.ts";
import type { Violate } from "./history-checker.ts";
import { eventsOf } from "./log-facts.ts";
import { RULED, type RuledAction } from "./moderators.ts";

type Notice = ClientHistory["notices"][number];
type Text = MessageSent | MessageEdited;

/** What the log says up to some place. */
class Standing {
  readonly staff = new Set<UserId>();
  readonly waiting = new Map<Seq, MessageHeld>();
  #rules: ReadonlySet<string> = new Set();

  /** What the rules do about a text of this person. */
  has(action: RuledAction, by: UserId, text: string): boolean {
    return !this.staff.has(by) && this.#rules.has(action) && text.includes(RULED[action]);
  }

  follow(event: LogEvent): void {
    switch (event.kind) {
      case "moderation_changed":
        this.#rules = new Set(event.rules.map(({ id }) => id));
        return;
      case "member_joined":
      case "member_changed":
        if (event.role === "member") this.staff.delete(event.userId);
        else this.staff.add(event.userId);
        return;
      case "member_left":
        this.staff.delete(event.userId);
        return;
      case "message_held":
        this.waiting.set(event.seq, event);
        return;
      case "held_resolved":
        this.waiting.delete(event.heldSeq);
        return;
      default:
    }
  }
}

export function checkModeration(log: FinalLog, violate: Violate): void {
  const events = eventsOf(log);
  const standing = new Standing();
  for (const event of events) {
    const wrong = judge(event, events, standing);
    if (wrong !== undefined) violate("13 moderation", `${log.room} seq ${event.seq}: ${event.kind} ${wrong}`);
    standing.follow(event);
  }
  const rows = [...log.items].flatMap(([key, value]) =>
    itemNames(key).collection === HELD ? [value as HeldItem] : [],
  );
  const [stored, said] = [
    rows.map(waitingLine).sort().join("; "),
    [...standing.waiting.values()].map(heldLine).sort().join("; "),
  ];
  if (stored !== said) violate("13 rows", `${log.room}: there wait [${said}], the rows [${stored}]`);
}

function heldLine({ seq, by, message }: MessageHeld): string {
  return `${messageIdOf(seq)} of ${by}: ${message.content}`;
}

function waitingLine({ seq, author, message }: HeldItem): string {
  return `${messageIdOf(seq)} of ${author}: ${message.content}`;
}

/** What is wrong with this event at this place. */
function judge(event: LogEvent, events: readonly LogEvent[], standing: Standing): string | undefined {
  switch (event.kind) {
    case "message_held":
      return standing.has("hold", event.by, event.message.content) || isFormer(event)
        ? undefined
        : "was nothing to hold";
    case "held_resolved":
      return wrongDecision(event, events, standing);
    case "message_sent":
      return event.run === undefined ? wrongMessage(event, events, standing) : undefined;
    case "message_edited":
      return standing.has("hold", event.by, event.content)
        ? "should have been refused"
        : wrongText(event, events, standing);
    case "moderation_changed":
      return standing.staff.has(event.by) ? undefined : `by ${event.by}, who may not`;
    default:
      return undefined;
  }
}

/** Of a room from former times, whose rules nobody knows. */
function isFormer({ clientId }: MessageHeld): boolean {
  return clientId?.startsWith("old-") === true;
}

function wrongDecision(
  event: HeldResolved,
  events: readonly LogEvent[],
  { staff, waiting }: Standing,
): string | undefined {
  const held = waiting.get(event.heldSeq);
  if (held === undefined) return `of ${event.heldSeq}, which does not wait`;
  if (!staff.has(event.by)) return `by ${event.by}, who may not`;
  if (!event.approved) return undefined;
  const next = events[event.seq];
  const isIt =
    next?.kind === "message_sent" &&
    next.by === held.by &&
    next.as === held.as &&
    next.content === held.message.content &&
    (held.clientId === undefined || next.clientId === held.clientId);
  return isIt ? undefined : `is not followed by the message of ${held.seq}`;
}

function wrongMessage(event: MessageSent, events: readonly LogEvent[], standing: Standing): string | undefined {
  const before = events[event.seq - 2];
  if (before?.kind === "held_resolved" && before.approved) return undefined;
  const held = events.find(
    (one) => one.kind === "message_held" && one.by === event.by && one.clientId === event.clientId,
  );
  if (held !== undefined) return `was held at ${held.seq}, and approved by nobody`;
  if (standing.has("hold", event.by, event.content)) return "should have been held";
  return wrongText(event, events, standing);
}

function wrongText(event: Text, events: readonly LogEvent[], standing: Standing): string | undefined {
  const { by, content } = event;
  if (standing.has("reject", by, content)) return "should have been refused";
  if (standing.has("replace", by, content)) return "should have been masked";
  if (!standing.has("flag", by, content)) return undefined;
  const next = events[event.seq];
  return next?.kind === "reported" && next.finding !== undefined && next.by === by
    ? undefined
    : "should have been reported";
}

// ---------------------------------------------------------------------------------------------- what people were told

export function checkModerated(history: History, violate: Violate): void {
  for (const log of history.logs) {
    const events = eventsOf(log);
    for (const client of history.clients) {
      const name = `${client.name} ${log.room}`;
      for (const notice of client.notices) {
        if (notice.roomId !== log.room || isRight(notice, client.user, events)) continue;
        violate("13 told", `${name} was told ${JSON.stringify(notice)}`);
      }
      checkAcks(client, log, events, violate);
      checkQueue(client, log, events, violate);
    }
  }
}

function isRight({ what, heldId, messageId, reason }: Notice, user: UserId, events: readonly LogEvent[]): boolean {
  if (what === "reported")
    return events.some((one) => one.kind === "reported" && one.reason === reason && staffAt(one.seq, events).has(user));
  const heldSeq = seqOfMessageId(heldId ?? "") ?? 0;
  const held = events[heldSeq - 1];
  if (held?.kind !== "message_held") return false;
  if (what === "held") return held.by !== user && staffAt(heldSeq, events).has(user);
  const resolved = events.find((one) => one.kind === "held_resolved" && one.heldSeq === heldSeq);
  if (resolved?.kind !== "held_resolved" || held.by !== user || resolved.approved !== (what === "approved"))
    return false;
  return what === "rejected" || messageId === messageIdOf(resolved.seq + 1);
}

function staffAt(seq: Seq, events: readonly LogEvent[]): ReadonlySet<UserId> {
  const standing = new Standing();
  for (const event of events.slice(0, seq)) standing.follow(event);
  return standing.staff;
}

/** Whoever sent a message is told whether it waits. */
function checkAcks(client: ClientHistory, { room }: FinalLog, events: readonly LogEvent[], violate: Violate): void {
  for (const { room: of, body, clientId, answers } of client.requests) {
    if (of !== room || body.kind !== "send_message") continue;
    for (const answer of answers) {
      if (answer.kind !== "ack") continue;
      const isHeld = events[answer.seq - 1]?.kind === "message_held";
      if ((answer.held === true) === isHeld) continue;
      const said = `${clientId ?? "a message without a key"} at ${answer.seq} ${answer.held === true ? "waits" : "is there"}`;
      violate("13 acked", `${client.name} ${room} was told that ${said}, and it ${isHeld ? "was held" : "was not"}`);
    }
  }
}

/** At the end moderators are shown what waits, and nobody else is. */
function checkQueue(client: ClientHistory, log: FinalLog, events: readonly LogEvent[], violate: Violate): void {
  const queue = client.final?.queues.get(log.room);
  if (queue === undefined) return;
  const standing = new Standing();
  for (const event of events) standing.follow(event);
  const place = `${client.name} ${log.room}: asked what waits`;
  if (typeof queue === "string") {
    if (standing.staff.has(client.user)) violate("13 queue", `${place}, a moderator was refused as ${queue}`);
    return;
  }
  if (!standing.staff.has(client.user)) violate("13 queue", `${place}, was shown it and is no moderator`);
  const shown = queue.map(({ heldId, author, content }) => `${heldId} of ${author}: ${content}`).join("; ");
  const waits = [...standing.waiting.values()]
    .map((held) => `${messageIdOf(held.seq)} of ${held.as ?? held.by}: ${held.message.content}`)
    .join("; ");
  if (shown !== waits) violate("13 queue", `${place}, was shown [${shown}], and there wait [${waits}]`);
}
