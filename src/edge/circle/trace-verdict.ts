/**
 * From what a room and the edges know to an answer: the steps of a message's way to one person, and why it went no further.
 * Invariant: what was not noted is unknown, never "no".
 */
import type { TraceView } from "../../actors/calls.ts";
import type { NotifyOutcome } from "../../domain/notify/outcome.ts";
import type { EdgeTraceView, TracedSocket } from "./delivery-trace.ts";
import type { EdgeAnswers } from "./trace-desk.ts";

export type TraceState = "yes" | "no" | "unknown";
/** How far it came, as a word for programs. */
export type TraceVerdict =
  | "read"
  | "delivered"
  | "own"
  | "replayed"
  | "written"
  | "cut_off"
  | "connection_ended"
  | "came_later"
  | "not_member"
  | "lost_between_nodes"
  | "no_connection"
  | "no_listener"
  | "unknown";

export interface Judged {
  readonly verdict: TraceVerdict;
  /** For people. */
  readonly why: string;
  readonly routed: TraceState;
  readonly written: TraceState;
}

interface Facts {
  readonly room: TraceView;
  readonly edges: EdgeAnswers;
  /** All of the person's sockets that anybody knows of. */
  readonly sockets: readonly TracedSocket[];
  readonly isNoted: boolean;
}

/** What became of a notification for the person, for people. */
const NOTIFIED: Readonly<Record<NotifyOutcome, string>> = {
  sent: "They had no connection, and a notification was sent.",
  failed: "They had no connection, and no way took the notification.",
  online: "They were connected: no notification was needed.",
  suspended: "They are suspended.",
  level: "What they want to be told of while they are away does not include it.",
  muted: "They wanted to be told nothing then.",
  quiet_hours: "It was in their quiet hours.",
  blocked: "They have blocked whoever is shown as its author.",
  notified: "They had been told of it before.",
  unreachable: "No way leads to them: no browser of theirs has subscribed.",
  not_member: "They were no member any more when it would have been sent.",
  gone: "It was not there any more when it would have been sent.",
  read: "They had read it before it would have been sent.",
};

export interface JudgedNotice {
  readonly outcome: NotifyOutcome;
  readonly why: string;
  readonly atMs: number;
  readonly node: string;
}

/** What the node that was to send it says last; `undefined`: nobody says anything of it. */
export function judgeNotice({ views }: EdgeAnswers): JudgedNotice | undefined {
  const said = views.flatMap(({ node, notified }) => (notified === undefined ? [] : [{ node, ...notified }]));
  const last = said.toSorted((a, b) => a.atMs - b.atMs).at(-1);
  return last && { ...last, why: NOTIFIED[last.outcome] };
}

const BAD_LINE_CODE = 1006;

export function judge(room: TraceView, edges: EdgeAnswers): Judged {
  const sockets = edges.views.flatMap(({ own }) => own);
  const isNoted = room.routes.length > 0 || (room.notedFromMs > 0 && room.committedAt >= room.notedFromMs);
  const facts: Facts = { room, edges, sockets, isNoted };
  const [verdict, why] = verdictOf(facts);
  return { verdict, why, routed: routedOf(facts), written: writtenOf(facts) };
}

function routedOf({ room, isNoted }: Facts): TraceState {
  if (room.routes.some(({ nodes }) => nodes.length > 0)) return "yes";
  return isNoted ? "no" : "unknown";
}

function writtenOf({ room, edges, sockets, isNoted }: Facts): TraceState {
  if (room.replays.length > 0 || sockets.some(({ wasWritten }) => wasWritten)) return "yes";
  return isNoted && edges.silent.length === 0 ? "no" : "unknown";
}

function verdictOf(facts: Facts): readonly [TraceVerdict, string] {
  const { room } = facts;
  if (room.readSeq >= room.seq) return ["read", "They have read it."];
  if (room.deliveredSeq >= room.seq) return ["delivered", "Their client has confirmed that it has it."];
  if (room.isOwn) return ["own", "They wrote it."];
  return onTheWay(facts) ?? notSent(facts);
}

/** It went to at least one of their connections. */
function onTheWay({ room, sockets }: Facts): readonly [TraceVerdict, string] | undefined {
  const written = sockets.filter(({ wasWritten }) => wasWritten);
  if (written.some(({ endedMs }) => endedMs === undefined)) {
    return ["written", "It was written to a connection that is still there; the client has not confirmed it."];
  }
  if (room.replays.length > 0) {
    return ["replayed", "They came back and were sent it again; the client has not confirmed it."];
  }
  const last = written.at(-1);
  return last === undefined ? undefined : ended(last);
}

function ended({ closeCode, backlog }: TracedSocket): readonly [TraceVerdict, string] {
  if (closeCode === undefined)
    return ["connection_ended", "It was written to their connection, which left the room then."];
  if (closeCode === BAD_LINE_CODE && backlog !== undefined) {
    return [
      "cut_off",
      `Their connection was lost or cut off as too slow: it had not taken ${backlog} bytes. It resumes.`,
    ];
  }
  return [
    "connection_ended",
    `It was written to their connection, which ended with code ${closeCode} before the client confirmed it.`,
  ];
}

function notSent({ room, edges, sockets, isNoted }: Facts): readonly [TraceVerdict, string] {
  if (room.membership === "not_member") return ["not_member", "They were no member of the room then."];
  if (!isNoted) return ["unknown", "Nothing was noted then: tracing was off, or this was too long ago."];
  // None of them was written to: those that listen still began to do so afterwards.
  if (sockets.some(({ endedMs }) => endedMs === undefined)) {
    return ["came_later", "Their connection did not listen to the room then; it finds the message in the history."];
  }
  const routedTo = new Set(room.routes.flatMap(({ nodes }) => nodes));
  const dropped = edges.views.find((view) => routedTo.has(view.node) && isMissing(view));
  if (dropped !== undefined) {
    return [
      "lost_between_nodes",
      `It was sent to node ${dropped.node}, which did not publish it; it is repaired from the log.`,
    ];
  }
  if (edges.silent.length > 0) return ["unknown", `No answer from ${edges.silent.join(", ")}.`];
  if (routedTo.size === 0) return ["no_listener", "Nobody had a connection that listened to the room."];
  return ["no_connection", "None of their connections listened to the room."];
}

/** It notes what it publishes, and has nothing of this. */
function isMissing({ isTraced, publishedMs }: EdgeTraceView): boolean {
  return isTraced && publishedMs === undefined;
}
