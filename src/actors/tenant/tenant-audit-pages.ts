/**
 * Pages of a tenant's audit log, newest first, and what a filter wants of them. Times bound what is read; the rest of a
 * filter is looked for, entry by entry.
 * Invariant: one page looks at `AUDIT_LOOKED_AT_MAX` entries at most, and says where the next one goes on.
 */
import { AUDIT_LOOKED_AT_MAX } from "../../base/limits.ts";
import type { AuditEntry } from "../../domain/room/audit.ts";
import type { ReadResult } from "../../storage/journal.ts";
import type { ListedDocument } from "../../storage/projections.ts";
import type { Later } from "../actor.ts";
import { answerRejection, answerValue } from "../answers.ts";
import type { AuditFilter, TenantAsk, TenantReply } from "../tenant-calls.ts";
import type { UserRequest } from "../request.ts";
import type { ShardEnv } from "../shard-env.ts";
import { TENANT_AUDIT, timeOfAuditId, untilAuditId } from "./tenant-audit.ts";

type Ask = Extract<TenantAsk, { list: "audit" }>;
type Entry = { readonly id: string; readonly value: object };

const RETRY_MS = 500;
/** Entries read at once while a filter is at work. */
const CHUNK = 200;

export function listTenantAudit(env: ShardEnv, request: UserRequest, ask: Ask, later: Later): void {
  const { limit, filter = {} } = ask;
  const found: Entry[] = [];
  const isFiltered = Object.keys(filter).length > 0;
  const chunk = isFiltered ? CHUNK : limit + 1;
  let looked = 0;
  const answer = (reply: TenantReply): void => answerValue(env, request, reply);
  const read = (after: string | undefined): void =>
    env.projections.listDocuments(
      request.by.tenant,
      TENANT_AUDIT,
      { backward: true, limit: chunk, ...(after !== undefined && { after }) },
      later((page: ReadResult<readonly ListedDocument[]>) => take(page)),
    );
  read(beginOf(ask));

  function take(page: ReadResult<readonly ListedDocument[]>): void {
    if (!page.ok) return answerRejection(env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
    for (const { id, value } of page.value) {
      if (filter.since !== undefined && timeOfAuditId(id) < filter.since) return finish(false);
      if (found.length === limit) return finish(true, found.at(-1)?.id);
      looked += 1;
      if (isWanted(filter, value as Partial<AuditEntry> & { room?: string })) found.push({ id, value });
    }
    const last = page.value.at(-1)?.id;
    if (page.value.length < chunk || last === undefined) return finish(false);
    if (looked >= AUDIT_LOOKED_AT_MAX) return finish(true, last);
    read(last);
  }

  function finish(hasMore: boolean, after?: string): void {
    answer({ items: found, hasMore, ...(hasMore && after !== undefined && { after }) });
  }
}

/** Both are exclusive: a page goes on behind `after`, and nothing from `until` on is wanted. */
function beginOf({ after, filter }: Ask): string | undefined {
  const until = filter?.until === undefined ? undefined : untilAuditId(filter.until);
  if (after === undefined || until === undefined) return after ?? until;
  return after < until ? after : until;
}

function isWanted(
  { action, by, userId, room }: AuditFilter,
  entry: Partial<AuditEntry> & { readonly room?: string },
): boolean {
  if (action !== undefined && entry.action !== action) return false;
  if (by !== undefined && entry.by !== by) return false;
  if (userId !== undefined && entry.userId !== userId) return false;
  return room === undefined || entry.room === room;
}
