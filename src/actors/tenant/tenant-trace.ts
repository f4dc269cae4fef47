/**
 * Whether a tenant's administrators want to be able to ask what became of messages, and until when: a document of the tenant.
 * Invariant: it ends by itself; each change stands in the audit log.
 */
import type { Later } from "../actor.ts";
import { answerRejection, answerValue } from "../answers.ts";
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
  const unavailable = (): void => answerRejection(env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
  env.projections.readDocument(
    tenant,
    TENANT_SETTINGS,
    TENANT_TRACE,
    later((read) => {
      if (!read.ok) return unavailable();
      if (set === undefined) {
        return answerValue(env, request, { trace: (read.value?.value as TenantTrace | undefined) ?? NEVER });
      }
      const version = read.value?.version ?? 0;
      env.projections.writeDocument(
        tenant,
        TENANT_SETTINGS,
        TENANT_TRACE,
        set,
        version,
        later((written) => {
          // Somebody else changed it just then: whoever asks again sees what there is.
          if (!written.ok || written.value === "conflict") return unavailable();
          env.tenants.of(tenant).noteTrace(set.untilMs, env.clock.wallMs());
          const act = { action: "tracing_changed", details: { until: String(set.untilMs) } };
          noteAct(
            env,
            request.by,
            act,
            later(() => answerValue(env, request, { trace: set })),
          );
        }),
      );
    }),
  );
}
