/**
 * What the engine asks of its own people's actors for retention and erasure: logs of all tenants, documents, and that a person
 * is forgotten. Invariant: never for anybody with a token.
 */
import type { ReadResult, Segment } from "../../storage/journal.ts";
import type { DocumentOutcome, LogPage } from "../../storage/projections.ts";
import type { Later } from "../actor.ts";
import { answerRejection, answerValue } from "../answers.ts";
import { eraseDocuments } from "../tenant/document-erasers.ts";
import { gather } from "../gather.ts";
import type { KeptLog, UserKeepAsk, UserKeepReply } from "../keeping-calls.ts";
import type { UserRequest } from "../request.ts";
import type { ShardEnv } from "../shard-env.ts";
import { TENANT_AUDIT, tenantAuditId } from "../tenant/tenant-audit.ts";
import type { UserActor } from "./user-actor.ts";

const RETRY_MS = 500;
const NOTHING: UserKeepReply = {};

export function answerUserKeep(
  env: ShardEnv,
  user: UserActor,
  request: UserRequest,
  ask: UserKeepAsk,
  later: Later,
): void {
  if (request.by.role !== "system") return answerRejection(env, request, { code: "forbidden" });
  const { tenant } = request.by;
  const { projections, journal } = env;
  const reply = <Value>(view: (value: Value) => UserKeepReply): ((read: ReadResult<Value>) => void) =>
    later((read: ReadResult<Value>) => {
      if (read.ok) answerValue(env, request, view(read.value));
      else answerRejection(env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
    });
  const { after } = ask as { readonly after?: string };
  const from = after === undefined ? {} : { after };
  switch (ask.do) {
    case "logs": {
      const query = { limit: ask.limit, ...from, ...(ask.tenant !== undefined && { tenant: ask.tenant }) };
      return projections.listLogs(
        query,
        later((page: ReadResult<LogPage>) => {
          if (!page.ok) return answerRejection(env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
          const { next } = page.value;
          const shown = reply<readonly KeptLog[]>((logs) => ({ logs, ...(next !== undefined && { next }) }));
          withOldest(env, page.value, later, shown);
        }),
      );
    }
    case "documents":
      return projections.listDocuments(
        tenant,
        ask.collection,
        { limit: ask.limit, ...from, ...(ask.backward === true && { backward: true }) },
        reply((documents) => ({ documents })),
      );
    case "document":
      return projections.readDocument(
        tenant,
        ask.collection,
        ask.id,
        reply((document) => ({ document })),
      );
    case "write":
      return projections.writeDocument(
        tenant,
        ask.collection,
        ask.id,
        ask.value,
        ask.expectedVersion,
        reply<DocumentOutcome>((outcome) => ({ written: outcome === "written" })),
      );
    case "note": {
      const at = env.clock.wallMs();
      const id = tenantAuditId(at, ask.room ?? "", ask.place);
      const entry = { ...(ask.room !== undefined && { room: ask.room }), at, ...ask.entry };
      return projections.writeDocument(
        tenant,
        TENANT_AUDIT,
        id,
        entry,
        0,
        reply<DocumentOutcome>(() => ({ written: true })),
      );
    }
    case "erase_documents":
      return eraseDocuments(
        env,
        { tenant, userId: ask.userId, store: ask.store, ...from },
        later,
        reply((erased) => erased),
      );
    case "forget":
      user.forget();
      return projections.forgetUser(
        tenant,
        user.userId,
        reply((rows) => ({ rows })),
      );
    case "clean":
      return journal.clean(
        undefined,
        [],
        reply((cleaned) => ({ ...NOTHING, cleaned })),
      );
  }
}

/** When the first segment of each was written. */
function withOldest(
  env: ShardEnv,
  { logs }: LogPage,
  later: Later,
  answer: (read: ReadResult<readonly KeptLog[]>) => void,
): void {
  gather<KeptLog>(
    logs.map(({ log, card }) => (done) => {
      const isDeleted = card?.deletedAt !== undefined;
      const kept = { tenant: log.tenant, room: log.room, days: card?.settings.messageRetention ?? 0, isDeleted };
      const trimmedNo = card?.trimmedNo ?? 0;
      const end = (backward: boolean, then: (segment: Segment | undefined) => void): void => {
        const range = { from: 1, to: Number.MAX_SAFE_INTEGER, eventsMax: 1, backward };
        env.journal.readRange(
          log,
          range,
          later((read: ReadResult<readonly Segment[]>) => then(read.ok ? read.value[0] : undefined)),
        );
      };
      end(false, (first) => {
        const old = { ...kept, ...(first !== undefined && { oldestMs: first.timestamp }) };
        if (first === undefined || trimmedNo === 0 || first.messageCount > trimmedNo)
          return done({ ok: true, value: old });
        // Retention was there before, and left something that has no message: is there one behind it?
        end(true, (newest) => done({ ok: true, value: (newest?.messageCount ?? 0) > trimmedNo ? old : kept }));
      });
    }),
    answer,
  );
}
