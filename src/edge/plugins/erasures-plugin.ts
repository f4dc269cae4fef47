/** Erasures, for administrators of a tenant: asked for, looked at, and their receipts verified. */
import { Elysia, t } from "elysia";
import { RECEIPT_LENGTH_MAX } from "../../base/limits.ts";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answer, answerError, refuse } from "../rest/envelope.ts";
import { strictBody } from "../rest/only-fields.ts";
import type { Erasure, Erasures } from "../keeping/erasures.ts";
import { readWhole, wholeText } from "../rest/paging.ts";
import type { Receipts } from "../keeping/receipt.ts";
import { asAdmin } from "../rest/admins-only.ts";
import { userId } from "../rest/schemas.ts";
import { iso } from "../rest/views.ts";

const LIMIT = { min: 1, max: 100, fallback: 50 } as const;

export interface ErasuresRestOptions extends RestOptions {
  readonly erasures: Erasures;
  readonly receipts: Receipts;
}

export function erasuresPlugin(prefix: string, options: ErasuresRestOptions) {
  const { erasures, receipts } = options;
  return new Elysia({ prefix: `${prefix}/admin`, detail: { tags: ["admin"] } })
    .onError((context) => answerError(context, options.log))
    .use(authenticated(options))
    .post(
      "/erasures",
      async ({ principal, body, set }) => {
        const { tenant, userId: by } = principal;
        const begun = await asAdmin(principal, () => erasures.begin(tenant, body.userId, by));
        return answer(set, begun, (erasure) => erasureJson(erasure, receipts, tenant), 202);
      },
      {
        ...strictBody(t.Object({ userId })),
        detail: { summary: "Erase a person's words and traces; the work follows" },
      },
    )
    .get(
      "/erasures",
      async ({ principal, query, set }) => {
        const size = readWhole("limit", query.limit, LIMIT);
        if (!size.ok) return refuse(set, size.error);
        const limit = size.value;
        const found = await asAdmin(principal, () => erasures.list(principal.tenant, query.after, limit + 1));
        return answer(set, found, (all) => ({
          erasures: all.slice(0, limit).map((one) => erasureJson(one, receipts, principal.tenant)),
          pagination: { limit, hasMore: all.length > limit, after: all.slice(0, limit).at(-1)?.erasureId ?? null },
        }));
      },
      {
        query: t.Object({ after: t.Optional(t.String({ maxLength: 64 })), limit: wholeText(LIMIT) }),
        detail: { summary: "Erasures of the tenant, the oldest first" },
      },
    )
    .get(
      "/erasures/:erasureId",
      async ({ principal, params, set }) => {
        const found = await asAdmin(principal, () => erasures.read(principal.tenant, params.erasureId));
        return answer(set, found, (erasure) => erasureJson(erasure, receipts, principal.tenant));
      },
      {
        params: t.Object({ erasureId: t.String({ pattern: "^[0-9a-f]{1,64}$", description: "Of an erasure" }) }),
        detail: { summary: "How far an erasure is; its signed report when it is done" },
      },
    )
    .post(
      "/erasures/verify",
      async ({ principal, body, set }) => {
        const looked = await asAdmin(principal, async () => {
          const report = receipts.verify(body.receipt) as { readonly tenant?: string } | undefined;
          // Of another tenant's nobody learns anything, not even that it is genuine.
          return { ok: true as const, value: report?.tenant === principal.tenant ? report : undefined };
        });
        return answer(set, looked, (report) => ({ valid: report !== undefined, report: report ?? null }));
      },
      {
        ...strictBody(t.Object({ receipt: t.String({ minLength: 1, maxLength: RECEIPT_LENGTH_MAX }) })),
        detail: { summary: "Whether a receipt was signed by this installation, and is unchanged" },
      },
    );
}

function erasureJson(erasure: Erasure, receipts: Receipts, tenant: string) {
  const { erasureId, userId: whom, by, state, startedAt, finishedAt, roomsDone, counts, remains } = erasure;
  const view = {
    ...{ erasureId, userId: whom, by, state, startedAt: iso(startedAt) },
    finishedAt: finishedAt === undefined ? null : iso(finishedAt),
    ...{ roomsDone, counts, remains },
  };
  const receipt = state === "running" ? null : receipts.sign({ format: 1, tenant, ...view });
  return { ...view, receipt };
}
