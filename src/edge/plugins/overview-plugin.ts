/**
 * How all nodes have been lately, for whoever runs them: the same figures as `/metrics`, with a past. Invariant: who may not read
 * `/metrics` learns nothing here either; being an administrator of a tenant is needed, too, and not enough.
 */
import { Elysia, t } from "elysia";
import { PULSE_EVERY_MS } from "../../base/limits.ts";
import { ADMINS_ONLY, type Rejection } from "../../protocol/errors.ts";
import type { LostNode, PulseAnswers } from "../circle/pulse-desk.ts";
import type { EdgeCircle } from "../circle/edge-circle.ts";
import { PULSE_COLUMNS, type PulseView } from "../figures/pulse.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import { readTime, timeText } from "../rest/times.ts";
import { iso } from "../rest/views.ts";
import { ok } from "../../base/result.ts";
import { isAllowed, type MetricsOptions } from "./metrics-plugin.ts";

/** The token of `/metrics`, where there is one. */
const OPERATOR_HEADER = "x-operator-token";
const RETRY_MS = 1_000;
const OPERATORS_ONLY: Rejection = {
  code: "forbidden",
  message: `These figures are of the whole server: they need the token of /metrics in the header ${OPERATOR_HEADER}, or a request from this machine where there is no such token.`,
};

export interface OverviewOptions extends RestOptions {
  readonly circle: Pick<EdgeCircle, "pulse">;
  /** `undefined`: nobody may ask, as with `/metrics`. */
  readonly metrics: Pick<MetricsOptions, "token"> | undefined;
}

export function overviewPlugin(prefix: string, options: OverviewOptions) {
  const { circle, metrics } = options;
  return new Elysia({ prefix: `${prefix}/admin`, detail: { tags: ["admin"] } })
    .onError((context) => answerError(context, options.log))
    .use(authenticated(options))
    .get(
      "/overview",
      async ({ principal, query, request, server, set }) => {
        if (principal.role === "user") return refuse(set, ADMINS_ONLY);
        const given = request.headers.get(OPERATOR_HEADER) ?? "";
        const remote = server?.requestIP(request)?.address;
        if (metrics === undefined || !isAllowed(request, remote, metrics.token, given)) {
          return refuse(set, OPERATORS_ONLY);
        }
        const since = readTime("since", query.since);
        if (!since.ok) return refuse(set, since.error);
        const answers = await circle.pulse.ask(since.value ?? 0);
        if (answers === undefined) return refuse(set, { code: "overloaded", retryAfterMs: RETRY_MS });
        return answer(set, ok(answers), overviewJson);
      },
      {
        query: t.Object({ since: t.Optional(timeText) }),
        detail: {
          summary: "How all nodes have been in the last ten minutes",
          description: `For operators: with the header \`${OPERATOR_HEADER}\`, or from this machine where \`/metrics\` has no token.`,
        },
      },
    );
}

function overviewJson({ views, silent, lost }: PulseAnswers) {
  return {
    everyMs: PULSE_EVERY_MS,
    columns: ["at", ...PULSE_COLUMNS],
    nodes: views.map(nodeJson),
    silent,
    lost: lost.map(({ node, instance, lastSeenMs }: LostNode) => ({ node, instance, lastSeen: iso(lastSeenMs) })),
  };
}

function nodeJson({ startedMs, ...view }: PulseView) {
  return { ...view, startedAt: iso(startedMs) };
}
