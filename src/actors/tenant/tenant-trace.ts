/**
 * Whether a tenant's administrators want to be able to ask what became of messages, and until when: a document of the tenant.
 * Invariant: it ends by itself; each change stands in the audit log.
 */
import { ok } from "../../base/result.ts";
import type { Later } from "../actor.ts";
import { answerRejection, answerValue } from "../answers.ts";
import { changeDocument } from "../change-document.ts";
import type { TenantTrace } from "../tenant-calls.ts";
import type { UserRequest } from "../request.ts";
import type { ShardEnv } from "../shard-env.ts";
import { noteAct } from "./tenant-audit.ts";
import { TENANT_SETTINGS, TENANT_TRACE } from "./tenant-moderation.ts";

const RETRY_MS = 500;
const NEVER: TenantTrace = { untilMs: 0 };

/** `set`: from now on so; the last one who says something is right. The asker is an administrator. */
export function answerTenantTrace(
  env: ShardEnv,
  request: UserRequest,
  set: TenantTrace | undefined,
  later: Later,
): void {
  const { tenant } = request.by;
  if (set === undefined) {
    return env.projections.readDocument(
      tenant,
      TENANT_SETTINGS,
      TENANT_TRACE,
      later((read) => {
        if (!read.ok) return answerRejection(env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
        answerValue(env, request, { trace: (read.value?.value as TenantTrace | undefined) ?? NEVER });
      }),
    );
  }
  const place = { tenant, collection: TENANT_SETTINGS, id: TENANT_TRACE };
  changeDocument(
    env,
    place,
    () => ok(set),
    later,
    (written) => {
      if (!written.ok) return answerRejection(env, request, written.error);
      env.tenants.of(tenant).noteTrace(set.untilMs, env.clock.wallMs());
      const act = { action: "tracing_changed", details: { until: String(set.untilMs) } };
      noteAct(
        env,
        request.by,
        act,
        later(() => answerValue(env, request, { trace: set })),
      );
    },
  );
}
