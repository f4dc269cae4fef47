/** What a tenant has spent on its assistant today, in tokens, from the purses of its budget. */
import { dayOf } from "../../base/days.ts";
import { ASSISTANT_USAGE, MODERATION_PURSE, TENANT_PURSE, type UsageRow } from "../../domain/assistant/usage.ts";
import type { Later } from "../actor.ts";
import { answerRejection, answerValue } from "../answers.ts";
import type { Spent } from "../tenant-calls.ts";
import type { UserRequest } from "../request.ts";
import type { ShardEnv } from "../shard-env.ts";

const RETRY_MS = 500;

/** The asker is an administrator. */
export function answerSpent(env: ShardEnv, request: UserRequest, later: Later): void {
  const day = dayOf(env.clock.wallMs());
  const read = (purse: string, then: (spent: Spent) => void): void =>
    env.projections.readDocument(
      request.by.tenant,
      ASSISTANT_USAGE,
      purse,
      later((found) => {
        if (!found.ok) return answerRejection(env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
        const row = found.value?.value as UsageRow | undefined;
        // Of another day nothing counts.
        then(row?.day === day ? { tokens: row.tokens, requests: row.requests } : { tokens: 0, requests: 0 });
      }),
    );
  read(TENANT_PURSE, (answers) =>
    read(MODERATION_PURSE, (moderation) => answerValue(env, request, { spent: { day, answers, moderation } })),
  );
}
