/**
 * What the assistant remembers of its conversations: one document per person and room, for a while. Of what was said in a room
 * it keeps places, so that what is edited or deleted there is so here; of private questions a short text.
 * Invariant: after `expiresAt` nothing of a conversation is used, and it is removed with the next ones that are looked at.
 */
import type { Clock } from "../base/clock.ts";
import type { RoomId, Seq, TenantId, UserId } from "../base/ids.ts";
import {
  AI_FORGOTTEN_AT_ONCE,
  AI_REMEMBERED_LENGTH_MAX,
  AI_REMEMBERED_TURNS_MAX,
  AI_TENANTS_LOOKED_AT_MAX,
  AI_WRITE_PATIENCE_MS,
} from "../base/limits.ts";
import type { RememberedTurn } from "../domain/assistant/port.ts";
import type { ListedDocument, Projections } from "../storage/projections.ts";

export const CONTEXTS = "ai_contexts";

export interface ConversationRow {
  readonly contextId: string;
  readonly roomId?: RoomId;
  readonly userId: UserId;
  /** The oldest first. */
  readonly messages: readonly RememberedTurn[];
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly expiresAt: number;
  readonly tokensUsed: number;
}

export interface Conversation {
  readonly tenant: TenantId;
  readonly room?: RoomId;
  readonly user: UserId;
  /** Nobody else sees it: it is never part of what is answered in a room. */
  readonly isPrivate: boolean;
}

export interface Exchange {
  readonly question: { readonly seq?: Seq; readonly text: string };
  readonly answer: { readonly seq?: Seq; readonly text: string };
  readonly tokens: number;
}

export class ConversationMemory {
  readonly #projections: Projections;
  readonly #clock: Clock;
  readonly #ttlMs: number;
  /** Where the next look for what has expired begins, by tenant. */
  readonly #cursors = new Map<TenantId, string>();

  constructor(projections: Projections, clock: Clock, ttlMs: number) {
    this.#projections = projections;
    this.#clock = clock;
    this.#ttlMs = ttlMs;
  }

  recall(conversation: Conversation, done: (turns: readonly RememberedTurn[]) => void): void {
    this.#projections.readDocument(conversation.tenant, CONTEXTS, idOf(conversation), (read) => {
      const row = read.ok ? (read.value?.value as ConversationRow | undefined) : undefined;
      done(row === undefined || row.expiresAt <= this.#clock.wallMs() ? [] : row.messages);
    });
  }

  /** Written beside the answer: where somebody else writes just then, this exchange is not remembered. */
  remember(conversation: Conversation, exchange: Exchange): void {
    const { tenant, room, user } = conversation;
    const id = idOf(conversation);
    this.#projections.readDocument(tenant, CONTEXTS, id, (read) => {
      if (!read.ok) return;
      const now = this.#clock.wallMs();
      const standing = read.value?.value as ConversationRow | undefined;
      const before = standing !== undefined && standing.expiresAt > now ? standing : undefined;
      const row: ConversationRow = {
        contextId: id,
        ...(room !== undefined && { roomId: room }),
        userId: user,
        messages: [...(before?.messages ?? []), ...turnsOf(exchange, now)].slice(-AI_REMEMBERED_TURNS_MAX),
        createdAt: before?.createdAt ?? now,
        updatedAt: now,
        expiresAt: now + this.#ttlMs,
        tokensUsed: (before?.tokensUsed ?? 0) + exchange.tokens,
      };
      const version = read.value?.version ?? 0;
      const forget = (): void => this.#forget(tenant);
      // A private answer arrives at once, and the next question may follow it.
      const patienceMs = conversation.isPrivate ? 0 : AI_WRITE_PATIENCE_MS;
      this.#projections.writeDocument(tenant, CONTEXTS, id, row, version, forget, patienceMs);
    });
  }

  /** A page of the tenant's conversations with each that is written: so all of them are looked at, and none is kept for ever. */
  #forget(tenant: TenantId): void {
    const after = this.#cursors.get(tenant);
    const page = { limit: AI_FORGOTTEN_AT_ONCE, ...(after !== undefined && { after }) };
    this.#projections.listDocuments(tenant, CONTEXTS, page, (read) => {
      if (!read.ok) return;
      const last = read.value[AI_FORGOTTEN_AT_ONCE - 1]?.id;
      if (last === undefined) this.#cursors.delete(tenant);
      else if (this.#cursors.size < AI_TENANTS_LOOKED_AT_MAX) this.#cursors.set(tenant, last);
      const now = this.#clock.wallMs();
      for (const { id, value, version } of read.value as readonly (ListedDocument & { value: ConversationRow })[]) {
        if (value.expiresAt <= now) {
          this.#projections.writeDocument(tenant, CONTEXTS, id, null, version, () => undefined, AI_WRITE_PATIENCE_MS);
        }
      }
    });
  }
}

/** By person first: so all of one person is one run of ids. */
function idOf({ room, user, isPrivate }: Conversation): string {
  return `${user}/${isPrivate ? "private" : "room"}/${room ?? ""}`;
}

function turnsOf({ question, answer }: Exchange, at: number): readonly RememberedTurn[] {
  const turn = (role: "user" | "assistant", { seq, text }: Exchange["question"]): RememberedTurn =>
    seq === undefined
      ? { role, content: text.slice(0, AI_REMEMBERED_LENGTH_MAX).toWellFormed(), at }
      : { role, seq, at };
  return [turn("user", question), turn("assistant", answer)];
}
