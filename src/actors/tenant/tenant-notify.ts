/**
 * What a tenant's people are told of while they are away, where they say nothing themselves: a document of the tenant.
 * Invariant: each change stands in the audit log.
 */
import type { TenantNotify } from "../../domain/notify/preferences.ts";
import { TENANT_NOTIFY_DEFAULT } from "../../domain/notify/preferences.ts";
import { ok } from "../../base/result.ts";
import type { Later } from "../actor.ts";
import { answerRejection, answerValue } from "../answers.ts";
import { changeDocument } from "../change-document.ts";
import type { UserRequest } from "../request.ts";
import type { ShardEnv } from "../shard-env.ts";
import { noteAct } from "./tenant-audit.ts";
import { TENANT_NOTIFY, TENANT_SETTINGS } from "./tenant-moderation.ts";

const RETRY_MS = 500;

/** `set`: from now on so; the last one who says something is right. The asker is an administrator. */
export function answerTenantNotify(
  env: ShardEnv,
  request: UserRequest,
  set: TenantNotify | undefined,
  later: Later,
): void {
  const { tenant } = request.by;
  if (set === undefined) {
    return env.projections.readDocument(
      tenant,
      TENANT_SETTINGS,
      TENANT_NOTIFY,
      later((read) => {
        if (!read.ok) return answerRejection(env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
        answerValue(env, request, {
          notifications: (read.value?.value as TenantNotify | undefined) ?? TENANT_NOTIFY_DEFAULT,
        });
      }),
    );
  }
  const place = { tenant, collection: TENANT_SETTINGS, id: TENANT_NOTIFY };
  changeDocument(
    env,
    place,
    () => ok(set),
    later,
    (written) => {
      if (!written.ok) return answerRejection(env, request, written.error);
      const details = { level: set.level, withText: String(set.withText) };
      noteAct(
        env,
        request.by,
        { action: "notifications_changed", details },
        later(() => answerValue(env, request, { notifications: set })),
      );
    },
  );
}
