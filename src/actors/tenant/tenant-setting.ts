/**
 * What a tenant's administrators read and set as a whole: a document of the tenant. The last one who says something is right.
 * Invariant: each change stands in the audit log.
 */
import type { TenantId } from "../../base/ids.ts";
import { ok } from "../../base/result.ts";
import { TENANT_NOTIFY_DEFAULT, type TenantNotify } from "../../domain/notify/preferences.ts";
import type { AuditEntry } from "../../domain/room/audit.ts";
import type { Later } from "../actor.ts";
import { answerRejection, answerValue } from "../answers.ts";
import { changeDocument } from "../change-document.ts";
import type { UserRequest } from "../request.ts";
import type { ShardEnv } from "../shard-env.ts";
import type { TenantReply, TenantTrace } from "../tenant-calls.ts";
import { noteAct } from "./tenant-audit.ts";
import { TENANT_NOTIFY, TENANT_SETTINGS, TENANT_TRACE } from "./tenant-moderation.ts";

interface TenantSetting<Value extends object> {
  /** Of the document. */
  readonly id: string;
  /** While nobody has said anything. */
  readonly unset: Value;
  /** The answer's field. */
  readonly field: keyof TenantReply;
  readonly act: (set: Value) => Omit<AuditEntry, "by" | "at">;
  /** Who knows it by heart on this shard is told. */
  readonly noted?: (env: ShardEnv, tenant: TenantId, set: Value) => void;
}

/** Whether it can be asked what became of messages, and until when: it ends by itself. */
export const TRACE_SETTING: TenantSetting<TenantTrace> = {
  id: TENANT_TRACE,
  unset: { untilMs: 0 },
  field: "trace",
  act: ({ untilMs }) => ({ action: "tracing_changed", details: { until: String(untilMs) } }),
  noted: (env, tenant, { untilMs }) => env.tenants.of(tenant).noteTrace(untilMs, env.clock.wallMs()),
};

/** What the tenant's people are told of while they are away, where they say nothing themselves. */
export const NOTIFY_SETTING: TenantSetting<TenantNotify> = {
  id: TENANT_NOTIFY,
  unset: TENANT_NOTIFY_DEFAULT,
  field: "notifications",
  act: ({ level, withText }) => ({ action: "notifications_changed", details: { level, withText: String(withText) } }),
};

const RETRY_MS = 500;

/** `set`: from now on so; `undefined`: it is only read. The asker is an administrator. */
export function answerSetting<Value extends object>(
  env: ShardEnv,
  request: UserRequest,
  setting: TenantSetting<Value>,
  set: Value | undefined,
  later: Later,
): void {
  const { tenant } = request.by;
  const { id, unset, field, act, noted } = setting;
  if (set === undefined) {
    return env.projections.readDocument(
      tenant,
      TENANT_SETTINGS,
      id,
      later((read) => {
        if (!read.ok) return answerRejection(env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
        answerValue(env, request, { [field]: read.value?.value ?? unset });
      }),
    );
  }
  changeDocument(
    env,
    { tenant, collection: TENANT_SETTINGS, id },
    () => ok(set),
    later,
    (written) => {
      if (!written.ok) return answerRejection(env, request, written.error);
      noted?.(env, tenant, set);
      noteAct(
        env,
        request.by,
        act(set),
        later(() => answerValue(env, request, { [field]: set })),
      );
    },
  );
}
