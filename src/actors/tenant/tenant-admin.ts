/**
 * What administrators ask of their tenant as a whole: its rules, and the audit log of all of its rooms.
 * Invariant: who may not is told so before anything is read; each change stands in the audit log.
 */
import { refuseRules } from "../../domain/moderation/compiled-rules.ts";
import type { TenantModeration } from "../../domain/moderation/rules.ts";
import type { Rate } from "../../base/token-bucket.ts";
import type { Result } from "../../base/result.ts";
import type { AuditEntry } from "../../domain/room/audit.ts";
import { ADMINS_ONLY, type Rejection } from "../../protocol/errors.ts";
import type { ReadResult } from "../../storage/journal.ts";
import type { Later } from "../actor.ts";
import { answerRejection, answerValue } from "../answers.ts";
import type {
  AccessChange,
  AccessEntry,
  FiguresOfDay,
  TenantAccess,
  TenantAsk,
  TenantLimits,
} from "../tenant-calls.ts";
import type { UserRequest } from "../request.ts";
import type { ShardEnv } from "../shard-env.ts";
import { readAccess, writeAccess } from "./tenant-access.ts";
import { readFigures } from "./tenant-figures.ts";
import { listTenantAudit } from "./tenant-audit-pages.ts";
import { answerTenantQueue } from "./tenant-queue.ts";
import { answerSpent } from "./tenant-spent.ts";
import { answerSetting, NOTIFY_SETTING, TRACE_SETTING } from "./tenant-setting.ts";
import { noteAct, TENANT_AUDIT, tenantAuditId } from "./tenant-audit.ts";
import { TENANT_COLLECTION, TENANT_LIMITS, TENANT_RULES, TENANT_SETTINGS } from "./tenant-moderation.ts";

const RETRY_MS = 500;
const NOTHING: TenantModeration = { rules: [], hook: false };

export function answerTenantAsk(env: ShardEnv, request: UserRequest, ask: TenantAsk, later: Later): void {
  if (request.by.role === "user") return answerRejection(env, request, ADMINS_ONLY);
  switch (ask.list) {
    case "audit":
      return listTenantAudit(env, request, ask, later);
    case "access":
      return access(env, request, ask.change, later);
    case "limits":
      return limits(env, request, ask, later);
    case "figures":
      return readFigures(
        env.projections,
        request.by.tenant,
        ask.days,
        later((read: ReadResult<readonly FiguresOfDay[]>) => {
          if (read.ok) answerValue(env, request, { days: read.value });
          else unavailable(env, request);
        }),
      );
    case "note": {
      const { action, details } = ask;
      return noteAct(
        env,
        request.by,
        { action, details },
        later(() => answerValue(env, request, {})),
      );
    }
    case "trace":
      return answerSetting(env, request, TRACE_SETTING, ask.set, later);
    case "queue":
      return answerTenantQueue(env, request, later);
    case "assistant":
      return answerSpent(env, request, later);
    case "notifications":
      return answerSetting(env, request, NOTIFY_SETTING, ask.set, later);
    case "rules":
      return rules(env, request, ask, later);
  }
}

function rules(env: ShardEnv, request: UserRequest, ask: Extract<TenantAsk, { list: "rules" }>, later: Later): void {
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
        later(() => {
          const reply = { moderation: next, version: version + 1, hookAvailable: env.hasHook };
          // On this shard before whoever changed them is told; the others look again within their time.
          env.tenants.outdate(
            tenant,
            later(() => answerValue(env, request, reply)),
          );
        }),
      );
    }),
  );
}

/** Changed, or all that holds now. */
function access(env: ShardEnv, request: UserRequest, change: AccessChange | undefined, later: Later): void {
  const { tenant, userId: by } = request.by;
  const nowMs = env.clock.wallMs();
  if (change === undefined) {
    const answer = later((read: ReadResult<TenantAccess>) => {
      if (!read.ok) return unavailable(env, request);
      answerValue(env, request, { entries: read.value.entries.filter(({ keepUntil }) => keepUntil > nowMs) });
    });
    return readAccess(env.projections, tenant, answer);
  }
  const written = later((result: Result<AccessEntry, Rejection>) => {
    if (!result.ok) return answerRejection(env, request, result.error);
    noteAct(
      env,
      request.by,
      actOf(change),
      later(() => answerValue(env, request, { entry: result.value })),
    );
  });
  writeAccess(env, { tenant, by, change, nowMs }, written);
}

const ACTIONS = {
  revoke_user: "tokens_revoked",
  revoke_token: "token_revoked",
  suspend: "user_suspended",
  reinstate: "user_reinstated",
} as const satisfies Record<AccessChange["kind"], string>;

function actOf(change: AccessChange): Omit<AuditEntry, "by" | "at"> {
  const reason = change.reason === undefined ? {} : { reason: change.reason };
  const action = ACTIONS[change.kind];
  switch (change.kind) {
    case "revoke_token":
      return { action, ...reason, details: { tokenId: change.tokenId } };
    case "revoke_user":
      return { action, userId: change.userId, ...reason, details: { before: String(change.before) } };
    case "suspend": {
      const details = change.until === undefined ? {} : { details: { until: String(change.until) } };
      return { action, userId: change.userId, ...reason, ...details };
    }
    case "reinstate":
      return { action, userId: change.userId, ...reason };
  }
}

function limits(env: ShardEnv, request: UserRequest, ask: Extract<TenantAsk, { list: "limits" }>, later: Later): void {
  const { tenant } = request.by;
  const answer = (limits: TenantLimits, version: number): void => answerValue(env, request, { limits, version });
  env.projections.readDocument(
    tenant,
    TENANT_SETTINGS,
    TENANT_LIMITS,
    later((read) => {
      if (!read.ok) return unavailable(env, request);
      const version = read.value?.version ?? 0;
      const { set, expectedVersion } = ask;
      if (set === undefined) return answer((read.value?.value as TenantLimits | undefined) ?? {}, version);
      if (expectedVersion !== undefined && expectedVersion !== version) return conflict(env, request, version);
      env.projections.writeDocument(
        tenant,
        TENANT_SETTINGS,
        TENANT_LIMITS,
        set,
        version,
        later((written) => {
          if (!written.ok) return unavailable(env, request);
          if (written.value === "conflict") return conflict(env, request, version);
          const details = Object.fromEntries(
            Object.entries(set).map(([name, { perSecond, burst }]: [string, Rate]) => [
              name,
              `${perSecond}/s, ${burst}`,
            ]),
          );
          noteAct(
            env,
            request.by,
            { action: "limits_changed", details },
            later(() =>
              env.tenants.outdate(
                tenant,
                later(() => answer(set, version + 1)),
              ),
            ),
          );
        }),
      );
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
