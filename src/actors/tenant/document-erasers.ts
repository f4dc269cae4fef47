/**
 * What a tenant's documents keep of people, and how each kind is erased: another kind is one entry more.
 * Invariant: erasing twice changes nothing the second time; a document that somebody else changes meanwhile is met again.
 */
import type { TenantId, UserId } from "../../base/ids.ts";
import { ERASE_TARGETS_MAX } from "../../base/limits.ts";
import { ASSISTANT_USAGE } from "../../domain/assistant/usage.ts";
import type { Done, ReadResult } from "../../storage/journal.ts";
import type { DocumentOutcome, ListedDocument } from "../../storage/projections.ts";
import type { Later } from "../actor.ts";
import { gather } from "../gather.ts";
import type { UserKeepReply } from "../keeping-calls.ts";
import type { ShardEnv } from "../shard-env.ts";
import { TENANT_AUDIT } from "./tenant-audit.ts";
import { marksOf } from "../room/thread-marks.ts";
import { browsersOf } from "../user/user-browsers.ts";
import { EAGER, notifiedOf, preferencesOf } from "../user/user-notify.ts";
import { blocksOf } from "../user/user-blocks.ts";
import { UPLOADS } from "../user/user-uploads.ts";

export interface DocumentEraser {
  /** As reports of erasures name it. */
  readonly name: string;
  readonly collection: (userId: UserId) => string;
  /** As it is without the person; `null`: gone; the same object: it is not about them. */
  readonly erase: (document: ListedDocument, userId: UserId) => object | null;
}

/** What the assistant remembers: `CONTEXTS` in `ai/conversation-memory.ts`, which this layer may not know. */
const ASSISTANT_CONTEXTS = "ai_contexts";

export const DOCUMENT_ERASERS: readonly DocumentEraser[] = [
  { name: "blocks", collection: blocksOf, erase: () => null },
  { name: "thread_marks", collection: marksOf, erase: () => null },
  { name: "notification_settings", collection: preferencesOf, erase: () => null },
  { name: "notification_marks", collection: notifiedOf, erase: () => null },
  { name: "push_subscriptions", collection: browsersOf, erase: () => null },
  {
    name: "notification_lists",
    collection: () => EAGER,
    erase: ({ id, value }, userId) => (id.endsWith(`/${userId}`) ? null : value),
  },
  {
    name: "uploads",
    collection: () => UPLOADS,
    erase: ({ id, value }, userId) => (id === encodeURIComponent(userId) ? null : value),
  },
  {
    name: "assistant_contexts",
    collection: () => ASSISTANT_CONTEXTS,
    erase: ({ value }, userId) => ((value as { readonly userId?: UserId }).userId === userId ? null : value),
  },
  {
    name: "assistant_usage",
    collection: () => ASSISTANT_USAGE,
    erase: ({ id, value }, userId) => (id === `u/${userId}` ? null : value),
  },
  { name: "audit_texts", collection: () => TENANT_AUDIT, erase: ({ value }, userId) => withoutTexts(value, userId) },
];

/** That something was done to whom and by whom stays on record; words about it do not. */
function withoutTexts(value: object, userId: UserId): object {
  const { by, userId: whom, reason: _reason, details: _details, ...rest } = value as Readonly<Record<string, unknown>>;
  const isAbout = by === userId || whom === userId;
  if (!isAbout || (!("reason" in value) && !("details" in value)) || rest.action === "erasure") return value;
  return { by, ...(whom !== undefined && { userId: whom }), ...rest };
}

interface Page {
  readonly tenant: TenantId;
  readonly userId: UserId;
  readonly store: number;
  readonly after?: string;
}

export function eraseDocuments(
  { projections }: Pick<ShardEnv, "projections">,
  { tenant, userId, store, after }: Page,
  later: Later,
  answer: (erased: ReadResult<UserKeepReply>) => void,
): void {
  const eraser = DOCUMENT_ERASERS[store];
  if (eraser === undefined) return answer({ ok: true, value: {} });
  const { name } = eraser;
  const collection = eraser.collection(userId);
  const query = { limit: ERASE_TARGETS_MAX, ...(after !== undefined && { after }) };
  projections.listDocuments(
    tenant,
    collection,
    query,
    later((read: ReadResult<readonly ListedDocument[]>) => {
      if (!read.ok) return answer(read);
      const last = read.value.length < ERASE_TARGETS_MAX ? undefined : read.value.at(-1)?.id;
      const changes = read.value
        .map((document) => ({ document, erased: eraser.erase(document, userId) }))
        .filter(({ document, erased }) => erased !== document.value);
      const writes = changes.map(({ document: { id, version }, erased }) => (done: Done<DocumentOutcome>) => {
        projections.writeDocument(tenant, collection, id, erased, version, later(done));
      });
      gather<DocumentOutcome>(writes, (written) => {
        if (!written.ok) return answer(written);
        if (written.value.includes("conflict")) return answer({ ok: false, error: "unavailable" });
        answer({ ok: true, value: { store: name, rows: changes.length, ...(last !== undefined && { after: last }) } });
      });
    }),
  );
}
