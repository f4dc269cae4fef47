/** Back-tests over REST: what a rule would have found in a room's last days, in one answer or in lines while it runs. */
import { Elysia, t } from "elysia";
import { type Clock, SystemClock } from "../../base/clock.ts";
import * as limits from "../../base/limits.ts";
import type { Result } from "../../base/result.ts";
import type { Rejection } from "../../protocol/errors.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { type Backtest, runBacktest } from "../rest/backtest.ts";
import { answer, answerError, failureOf, succeed } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";
import { strictBody } from "../rest/only-fields.ts";
import { moderationRule } from "../rest/moderation-rule.ts";
import { roomParams } from "../rest/schemas.ts";

const DAYS = { minimum: 1, maximum: limits.BACKTEST_DAYS_MAX };
const LINES = "application/x-ndjson";
const SYSTEM_CLOCK: Clock = new SystemClock();

export function backtestPlugin(prefix: string, options: RestOptions) {
  const { engine } = options;
  return new Elysia({ prefix, detail: { tags: ["moderation"] } })
    .onError((context) => answerError(context, options.log))
    .onParse(readJsonBody)
    .use(authenticated(options))
    .post(
      "/rooms/:roomId/moderation/backtest",
      async ({ principal, params, body, request, set }) => {
        const nowMs = (options.clock ?? SYSTEM_CLOCK).wallMs();
        const backtest: Backtest = { room: params.roomId, rule: body.rule, days: body.days, nowMs };
        const isWanted = (): boolean => !request.signal.aborted;
        if (request.headers.get("accept")?.includes(LINES) === true) {
          return lines((tell, isOpen) =>
            runBacktest(engine, principal, backtest, { tell, isWanted: () => isOpen() && isWanted() }),
          );
        }
        return answer(
          set,
          await runBacktest(engine, principal, backtest, { tell: () => undefined, isWanted }),
          (result) => result,
        );
      },
      {
        params: roomParams,
        ...strictBody(t.Object({ rule: moderationRule, days: t.Integer(DAYS) })),
        detail: {
          summary: "What a rule would have found in the room's last days",
          description: `With \`Accept: ${LINES}\` the answer comes as lines: how far it is, and the result last.`,
        },
      },
    );
}

/** An answer in lines: each progress, then the envelope that it would have been. */
function lines(
  run: (tell: (line: object) => void, isOpen: () => boolean) => Promise<Result<object, Rejection>>,
): Response {
  let isOpen = true;
  const body = new ReadableStream<Uint8Array>({
    start: async (controller) => {
      const write = (line: object): void => {
        if (isOpen) controller.enqueue(new TextEncoder().encode(`${JSON.stringify(line)}\n`));
      };
      const done = await run(write, () => isOpen);
      write(done.ok ? succeed(done.value) : failureOf(done.error));
      if (isOpen) controller.close();
    },
    cancel: () => {
      isOpen = false;
    },
  });
  return new Response(body, { headers: { "content-type": LINES } });
}
