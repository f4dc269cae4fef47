/**
 * What administrators ask of their tenant as a whole: its rules, and the audit log of all of its rooms.
 * Invariant: who may not is told so before anything is read; each change stands in the audit log.
 */
import { refuseRules } from "../domain/moderation/compiled-rules.ts";
import type { TenantModeration } from "../domain/moderation/rules.ts";
import { answerRejection, answerValue } from "./answers.ts";
import type { TenantAsk } from "./calls.ts";
import type { UserRequest } from "./request.ts";
import type { ShardEnv } from "./shard-env.ts";
import { TENANT_AUDIT, tenantAuditId } from "./tenant-audit.ts";
import { TENANT_COLLECTION, TENANT_RULES } from "./tenant-moderation.ts";

type Later = <Args extends readonly unknown[]>(run: (...args: Args) => void) => (...args: Args) => void;

const RETRY_MS = 500;
const NOTHING: TenantModeration = { rules: [], hook: false };

export function answerTenantAsk(env: ShardEnv, request: UserRequest, ask: TenantAsk, later: Later): void {
  if (request.by.role === "user") {
    const message = "This needs the role admin in your tenant.";
    return answerRejection(env, request, { code: "forbidden", message });
  }
  if (ask.list === "audit") return listAudit(env, request, ask, later);
  readRules(env, request, later, (before, version) => {
    if (ask.set === undefined) answerValue(env, request, { moderation: before, version, hookAvailable: env.hasHook });
    else change(env, request, { before, version, next: ask.set, expected: ask.expectedVersion }, later);
  });
}

function readRules(
  env: ShardEnv,
  request: UserRequest,
  later: Later,
  then: (moderation: TenantModeration, version: number) => void,
): void {
  env.projections.readDocument(
    request.by.tenant,
    TENANT_COLLECTION,
    TENANT_RULES,
    later((read) => {
      if (!read.ok) return unavailable(env, request);
      then((read.value?.value as TenantModeration | undefined) ?? NOTHING, read.value?.version ?? 0);
    }),
  );
}

interface Change {
  readonly before: TenantModeration;
  readonly version: number;
  readonly next: TenantModeration;
  readonly expected: number | undefined;
}

function change(env: ShardEnv, request: UserRequest, { before, version, next, expected }: Change, later: Later): void {
  const wrong = refuseRules(next.rules);
  if (wrong !== undefined) {
    return answerRejection(env, request, { code: "invalid_field", field: wrong.field, message: wrong.message });
  }
  if (next.hook && !env.hasHook) {
    const message = "This installation has no moderation hook.";
    return answerRejection(env, request, { code: "invalid_field", field: "hook", message });
  }
  if (expected !== undefined && expected !== version) return conflict(env, request, version);
  const { tenant, userId } = request.by;
  env.projections.writeDocument(
    tenant,
    TENANT_COLLECTION,
    TENANT_RULES,
    next,
    version,
    later((written) => {
      if (!written.ok) return unavailable(env, request);
      if (written.value === "conflict") return conflict(env, request, version);
      // On this shard at once; the others look again within their time.
      const wishes = env.tenants.of(tenant);
      wishes.untilMs = 0;
      env.tenants.renew(tenant, wishes);
      const at = env.clock.wallMs();
      const details = {
        rules: next.rules.map(({ id }) => id).join(", "),
        hook: String(next.hook),
        was: String(before.hook),
      };
      const id = tenantAuditId(at, "", `v${version + 1}`);
      env.projections.writeDocument(
        tenant,
        TENANT_AUDIT,
        id,
        { action: "tenant_rules_changed", by: userId, at, details },
        0,
        later(() => answerValue(env, request, { moderation: next, version: version + 1, hookAvailable: env.hasHook })),
      );
    }),
  );
}

/** The newest entry first. */
function listAudit(
  env: ShardEnv,
  request: UserRequest,
  ask: Extract<TenantAsk, { list: "audit" }>,
  later: Later,
): void {
  const { after, limit } = ask;
  env.projections.listDocuments(
    request.by.tenant,
    TENANT_AUDIT,
    { backward: true, limit: limit + 1, ...(after !== undefined && { after }) },
    later((read) => {
      if (!read.ok) return unavailable(env, request);
      const items = read.value.slice(0, limit).map(({ id, value }) => ({ id, value }));
      answerValue(env, request, { items, hasMore: read.value.length > limit });
    }),
  );
}

function unavailable(env: ShardEnv, request: UserRequest): void {
  answerRejection(env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
}

function conflict(env: ShardEnv, request: UserRequest, version: number): void {
  const message = `Somebody else changed it: it is at version ${version} now.`;
  answerRejection(env, request, { code: "conflict", field: "version", message });
}
