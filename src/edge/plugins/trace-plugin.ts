/** "Why did this member not get this message?", for a tenant's administrators, and the switch that lets it be answered in full. */
import { Elysia, t } from "elysia";
import type { TraceView } from "../../actors/calls.ts";
import { SystemClock } from "../../base/clock.ts";
import { TRACE_MINUTES_MAX, TRACE_WAIT_MS } from "../../base/limits.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import type { TracedSocket } from "../circle/delivery-trace.ts";
import type { EdgeCircle } from "../circle/edge-circle.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { strictBody } from "../rest/only-fields.ts";
import { messageId, roomId, userId } from "../rest/schemas.ts";
import type { EdgeAnswers } from "../circle/trace-desk.ts";
import { judge, judgeNotice } from "../circle/trace-verdict.ts";
import { iso } from "../rest/views.ts";

const MINUTE_MS = 60_000;

export function tracePlugin(
  prefix: string,
  options: RestOptions & { readonly circle: Pick<EdgeCircle, "desk" | "tenantChanged"> },
) {
  const { engine, circle } = options;
  const clock = options.clock ?? new SystemClock();
  return new Elysia({ prefix: `${prefix}/admin`, detail: { tags: ["admin"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .get(
      "/trace",
      async ({ principal, query, set }) => {
        const call = { to: "room", room: query.roomId, kind: "trace", ...query } as const;
        const found = await engine.call(principal, call);
        if (!found.ok) return refuse(set, found.error);
        const key = `${principal.tenant}/${query.roomId}`;
        const edges = await circle.desk.ask(key, found.value.seq, query.userId);
        if (edges === undefined) return refuse(set, { code: "overloaded", retryAfterMs: TRACE_WAIT_MS });
        return answer(set, found, (room) => ({
          roomId: query.roomId,
          userId: query.userId,
          ...traceJson(room, edges),
        }));
      },
      {
        query: t.Object({ roomId, messageId, userId }),
        detail: { summary: "Why a member did or did not get a message" },
      },
    )
    .get(
      "/tracing",
      async ({ principal, set }) => {
        const call = { to: "user", user: principal.userId, kind: "tenant", ask: { list: "trace" } } as const;
        const found = await engine.call(principal, call);
        return answer(set, found, ({ trace }) => tracingJson(trace?.untilMs ?? 0, clock.wallMs()));
      },
      { detail: { summary: "Whether it is noted where messages go" } },
    )
    .put(
      "/tracing",
      async ({ principal, body, set }) => {
        const untilMs = body.minutes === 0 ? 0 : clock.wallMs() + body.minutes * MINUTE_MS;
        const ask = { list: "trace", set: { untilMs } } as const;
        const found = await engine.call(principal, { to: "user", user: principal.userId, kind: "tenant", ask });
        if (found.ok) circle.tenantChanged(principal.tenant);
        return answer(set, found, ({ trace }) => tracingJson(trace?.untilMs ?? 0, clock.wallMs()));
      },
      {
        ...strictBody(
          t.Object({
            minutes: t.Integer({ minimum: 0, maximum: TRACE_MINUTES_MAX, description: "For how long; 0: no more" }),
          }),
        ),
        detail: { summary: "Note where messages go, for a while" },
      },
    );
}

function tracingJson(untilMs: number, nowMs: number) {
  const isOn = untilMs > nowMs;
  return { isOn, until: isOn ? iso(untilMs) : null };
}

function traceJson(room: TraceView, edges: EdgeAnswers) {
  const { verdict, why, routed, written } = judge(room, edges);
  const reached = (seq: number) => (seq >= room.seq ? "yes" : "no");
  const sockets = edges.views.flatMap(({ node, own }) => own.map((socket) => socketJson(node, socket)));
  return {
    messageId: room.messageId,
    seq: room.seq,
    isDeleted: room.isDeleted,
    verdict,
    why,
    silentNodes: edges.silent,
    steps: [
      { step: "committed", state: "yes", at: iso(room.committedAt), by: room.writtenBy, epoch: room.epoch },
      {
        step: "member",
        state: room.membership === "unknown" ? "unknown" : room.membership === "member" ? "yes" : "no",
        joinedSeq: room.joinedSeq ?? null,
        leftSeq: room.leftSeq ?? null,
        isBanned: room.isBanned,
      },
      {
        step: "routed",
        state: routed,
        from: room.node,
        to: room.routes.map(({ atMs, nodes }) => ({ at: iso(atMs), nodes })),
      },
      {
        step: "written",
        state: written,
        nodes: edges.views.map((view) => ({
          node: view.node,
          publishedAt: isoOrNull(view.publishedMs),
          sockets: view.sockets,
        })),
        sockets,
        replays: room.replays.map(({ atMs, node, connectionId }) => ({ at: iso(atMs), node, connectionId })),
      },
      { step: "delivered", state: reached(room.deliveredSeq), seq: room.deliveredSeq },
      { step: "read", state: reached(room.readSeq), seq: room.readSeq },
      {
        step: "notified",
        state: room.notice !== undefined && !room.isBlocking ? "yes" : "no",
        reason: room.notice ?? null,
        isBlocking: room.isBlocking,
        away: noticeJson(edges),
        toldUpTo: room.toldUpTo === undefined ? null : { seq: room.toldUpTo.seq, at: iso(room.toldUpTo.atMs) },
      },
    ],
  };
}

/** Of somebody without a connection; `null`: nothing is known of it, or there was nothing to tell. */
function noticeJson(edges: EdgeAnswers) {
  const notice = judgeNotice(edges);
  if (notice === undefined) return null;
  const { atMs, ...said } = notice;
  return { ...said, at: iso(atMs) };
}

function socketJson(node: string, { connectionId, sinceMs, wasWritten, endedMs, closeCode, backlog }: TracedSocket) {
  return {
    node,
    connectionId,
    wasWritten,
    since: isoOrNull(sinceMs),
    ended: isoOrNull(endedMs),
    closeCode: closeCode ?? null,
    notTaken: backlog ?? 0,
  };
}

function isoOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : iso(ms);
}
