/** Checks of requests and their answers against the log (1, 6, 7), and of the order of one connection's requests. */
import { messageIdOf, type RoomId, type Seq, seqOfMessageId } from "../../src/base/ids.ts";
import type { LogEvent } from "../../src/domain/room/events.ts";
import {
  type Answer,
  type ClientHistory,
  type History,
  isMark,
  type RequestBody,
  type RequestHistory,
} from "./history.ts";
import type { Violate } from "./history-checker.ts";
import { endsMuted } from "./check-sanctions.ts";
import { eventsOf, membershipsOf, presentMembership } from "./log-facts.ts";
import { RULED } from "./moderators.ts";
import { CRASHING_CONTENT, THROWING_CONTENT } from "./sim-room.ts";

type Ack = Extract<Answer, { kind: "ack" }>;

/** A room with fewer events forgets no key. */
const FORGETTING_EVENTS_MIN = 256;

export function checkRequests(history: History, violate: Violate): void {
  for (const log of history.logs) {
    const events = eventsOf(log);
    for (const client of history.clients) {
      const requests = client.requests.filter((request) => request.room === log.room);
      for (const request of requests) {
        checkAcks(client, request, events, violate);
        checkErrors(client, request, requests, events, violate);
        if (request.probe) checkProbe(client, request, events, violate);
      }
      checkRefused(history, client, requests, events, violate);
    }
  }
}

function acksOf(request: RequestHistory): Ack[] {
  return request.answers.filter((answer): answer is Ack => answer.kind === "ack");
}

function nameOf(client: ClientHistory, request: RequestHistory): string {
  return `${client.name} ${request.room} ${request.body.kind} ${request.clientId ?? "without a key"}`;
}

/** Stands in the log: an answer with sequence 0 had nothing to write, and those of joins and marks name no event. */
function checkAcks(
  client: ClientHistory,
  request: RequestHistory,
  events: readonly LogEvent[],
  violate: Violate,
): void {
  const { body } = request;
  if (body.kind === "join_room" || body.kind === "create_room" || isMark(body)) return;
  const name = nameOf(client, request);
  const seqs = new Set<Seq>();
  for (const ack of acksOf(request)) {
    if (ack.seq === 0) {
      if (body.kind === "send_message") violate("1 acked", `${name} was acked without a sequence`);
      continue;
    }
    seqs.add(ack.seq);
    const event = events[ack.seq - 1];
    if (event === undefined || !isOf(event, client, request)) {
      violate("1 acked", `${name} was acked with seq ${ack.seq}, where the log has ${JSON.stringify(event)}`);
    }
    if (body.kind === "send_message" && ack.messageId !== messageIdOf(ack.seq)) {
      violate("1 acked", `${name} was acked with seq ${ack.seq} as ${ack.messageId}`);
    }
  }
  if (seqs.size > 1) violate("1 acked", `${name} was acked with different sequences: ${[...seqs].join(", ")}`);
}

function isOf(event: LogEvent, client: ClientHistory, { body, clientId }: RequestHistory): boolean {
  if (event.kind === "fence" || event.by !== client.user) return false;
  if (clientId !== undefined && event.clientId !== clientId) return false;
  switch (body.kind) {
    case "send_message":
      return isMessage(event, body);
    case "edit_message":
      return (
        event.kind === "message_edited" &&
        event.target === seqOfMessageId(body.messageId) &&
        isText(event.content, body.content)
      );
    case "delete_message":
      return event.kind === "message_deleted" && event.target === seqOfMessageId(body.messageId);
    case "pin_message":
      return event.kind === "message_pinned" && event.target === seqOfMessageId(body.messageId);
    case "unpin_message":
      return event.kind === "message_unpinned" && event.target === seqOfMessageId(body.messageId);
    case "stop_answer":
      return event.kind === "answer_ended" && event.target === seqOfMessageId(body.messageId);
    case "vote_poll":
      return (
        event.kind === "poll_voted" &&
        event.target === seqOfMessageId(body.messageId) &&
        event.choices.join() === body.choices.join()
      );
    case "message_reaction":
      return (
        event.kind === "reaction_changed" &&
        event.target === seqOfMessageId(body.messageId) &&
        event.emoji === body.emoji &&
        event.added === body.add
      );
    case "leave_room":
      return event.kind === "member_left" && event.userId === client.user;
    case "create_invite":
      return event.kind === "invite_made";
    case "add_member":
      return event.kind === "member_joined" && event.userId === body.userId;
    case "remove_member":
      return event.kind === "member_left" && event.userId === body.userId;
    case "mute_member":
      return event.kind === "member_muted" && event.userId === body.userId;
    case "unmute_member":
      return event.kind === "mute_lifted" && event.userId === body.userId;
    case "ban_member":
      return event.kind === "member_banned" && event.userId === body.userId;
    case "unban_member":
      return event.kind === "ban_lifted" && event.userId === body.userId;
    case "report_message":
      return event.kind === "reported";
    case "set_role":
      return event.kind === "member_changed" && event.userId === body.userId && event.role === body.role;
    case "set_moderation":
      return event.kind === "moderation_changed" && event.rules.length === body.rules.length;
    case "resolve_held":
      return (
        event.kind === "held_resolved" &&
        event.heldSeq === seqOfMessageId(body.heldId) &&
        event.approved === body.approve
      );
    case "join_room":
      return event.kind === "member_joined" && event.userId === client.user;
    case "create_room":
      return event.kind === "room_created";
    case "mark_read":
    case "mark_unread":
      return false;
  }
}

function isMessage(event: LogEvent, body: Extract<RequestBody, { kind: "send_message" }>): boolean {
  if (event.kind !== "message_held" && event.kind !== "message_sent") return false;
  const { content, replyTo } = event.kind === "message_held" ? event.message : event;
  const isAnonymous = event.as !== undefined;
  return isText(content, body.content) && replyTo === body.replyTo && isAnonymous === (body.isAnonymous === true);
}

/** As it was said, or with stars where a rule found something. */
function isText(content: string, said: string): boolean {
  return content === said || content === said.replaceAll(RULED.replace, "*".repeat(RULED.replace.length));
}

/** Refusals that nothing called for. */
function checkErrors(
  client: ClientHistory,
  request: RequestHistory,
  requests: readonly RequestHistory[],
  events: readonly LogEvent[],
  violate: Violate,
): void {
  const { body } = request;
  for (const answer of request.answers) {
    if (answer.kind !== "error") continue;
    const name = nameOf(client, request);
    switch (answer.code) {
      case "conflict": {
        // Its author may not write any more.
        if (body.kind === "resolve_held") break;
        const others = requests.filter((other) => other.clientId === request.clientId);
        const bodies = new Set(others.map((other) => JSON.stringify(other.body)));
        if (bodies.size < 2) violate("3 conflict", `${name} was refused as a conflict with nothing`);
        break;
      }
      case "internal":
        if (body.kind === "send_message" && isPoison(body.content)) break;
        violate("protocol", `${name} failed inside`);
        break;
      case "retry_expired":
        if (events.length < FORGETTING_EVENTS_MIN) violate("3 window", `${name} was held to be too old`);
        break;
      case "room_quarantined":
        violate("protocol", `${name}: the room's log could not be replayed`);
        break;
      default:
    }
  }
}

function isPoison(content: string): boolean {
  return content.startsWith(CRASHING_CONTENT) || content.startsWith(THROWING_CONTENT);
}

function checkProbe(
  client: ClientHistory,
  request: RequestHistory,
  events: readonly LogEvent[],
  violate: Violate,
): void {
  if (acksOf(request).length > 0) return;
  const isMember = presentMembership(membershipsOf(events).get(client.user)) !== undefined;
  const isMuted = request.answers.some((answer) => answer.kind === "error" && answer.code === "muted");
  if (isMuted && endsMuted(events, client.user)) return;
  if (isMember) violate("9 probes", `${nameOf(client, request)}: ${JSON.stringify(request.answers)}`);
}

/**
 * A key whose every try was refused is not in the log. Temporary refusals count as well, unless another writer may have been
 * at work meanwhile, with a copy of the request.
 */
function checkRefused(
  history: History,
  client: ClientHistory,
  requests: readonly RequestHistory[],
  events: readonly LogEvent[],
  violate: Violate,
): void {
  const groups = new Map<string, RequestHistory[]>();
  for (const request of requests) {
    const key = request.clientId ?? JSON.stringify(request.body);
    groups.set(key, [...(groups.get(key) ?? []), request]);
  }
  for (const group of groups.values()) {
    if (!group.every((request) => isRefused(history, request))) continue;
    for (const request of group) {
      if (request.body.kind !== "send_message" && request.clientId === undefined) continue;
      const found = events.find((event) => isOf(event, client, request));
      if (found !== undefined)
        violate("7 refused", `${nameOf(client, request)} was refused and stands at seq ${found.seq}`);
    }
  }
}

function isRefused(history: History, { tries, answers }: RequestHistory): boolean {
  if (tries.length === 0) return false;
  return tries.every((attempt) => {
    const answer = answers.find((candidate) => candidate.ref === attempt.ref);
    if (answer?.kind !== "error" || answer.code === "retry_expired" || history.doubtful?.has(answer.code)) return false;
    // The edge answers a call that took too long without knowing what became of it.
    if (answer.temporary && attempt.connection === 0) return false;
    const askedMs = tries[0]?.atMs ?? 0;
    return !history.disruptions.some(
      ({ fromMs, toMs, hasCopies }) => (answer.temporary || hasCopies) && fromMs <= answer.atMs && toMs >= askedMs,
    );
  });
}

/** What was acked before something else was asked for has the smaller sequence; and a connection's requests keep their order. */
export function checkOrder(history: History, violate: Violate): void {
  for (const { room } of history.logs) {
    checkRealTime(history, room, violate);
    for (const client of history.clients) checkConnectionOrder(client, room, violate);
  }
}

function checkRealTime({ clients }: History, room: RoomId, violate: Violate): void {
  const done: { readonly name: string; readonly askedMs: number; readonly ackedMs: number; readonly seq: Seq }[] = [];
  for (const client of clients) {
    const asked = new Map<string, number>();
    for (const request of client.requests) {
      const askedMs = request.tries[0]?.atMs;
      if (request.room !== room || askedMs === undefined || isMark(request.body)) continue;
      // Of several with one key the first asked.
      const firstMs = Math.min(askedMs, asked.get(request.clientId ?? "") ?? askedMs);
      if (request.clientId !== undefined) asked.set(request.clientId, firstMs);
      const ack = acksOf(request)[0];
      if (ack === undefined || ack.seq === 0) continue;
      done.push({ name: nameOf(client, request), askedMs: firstMs, ackedMs: ack.atMs, seq: ack.seq });
    }
  }
  const byAck = done.toSorted((a, b) => a.ackedMs - b.ackedMs);
  let acked = 0;
  let highest: (typeof done)[number] | undefined;
  for (const request of done.toSorted((a, b) => a.askedMs - b.askedMs)) {
    for (let next = byAck[acked]; next !== undefined && next.ackedMs < request.askedMs; next = byAck[acked]) {
      if (next.seq > (highest?.seq ?? 0)) highest = next;
      acked += 1;
    }
    if (highest !== undefined && request.seq <= highest.seq) {
      violate(
        "6 real time",
        `${request.name} got seq ${request.seq} although ${highest.name} had ${highest.seq} before`,
      );
    }
  }
}

function checkConnectionOrder(client: ClientHistory, room: RoomId, violate: Violate): void {
  const last = new Map<number, { readonly name: string; readonly seq: Seq }>();
  for (const request of client.requests) {
    const attempt = request.tries[0];
    const ack = acksOf(request)[0];
    if (request.room !== room || request.tries.length !== 1 || attempt === undefined || attempt.connection === 0)
      continue;
    if (ack === undefined || ack.seq === 0 || ack.duplicate || isMark(request.body)) continue;
    const before = last.get(attempt.connection);
    const name = nameOf(client, request);
    if (before !== undefined && ack.seq <= before.seq) {
      violate("1 order", `${name} got seq ${ack.seq}, ${before.name}, asked before it, ${before.seq}`);
    }
    last.set(attempt.connection, { name, seq: ack.seq });
  }
}
