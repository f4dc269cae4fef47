/**
 * What an erasure does, step by step: in one room, in the tenant's documents, to the person's own rows, to the bytes of the
 * store. Invariant: each step may be done again and then counts nothing; nothing here keeps how far it is.
 */
import type { Heir } from "../../actors/keeping-calls.ts";
import type { RoomId, Seq, TenantId, UserId } from "../../base/ids.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Rejection } from "../../protocol/errors.ts";
import { type BlobStore, removeFor } from "../../storage/blobs.ts";
import type { Keeper } from "./keeper.ts";

/** How many of each were taken away; what there is none of is left out. */
export type ErasureCounts = Readonly<Record<string, number>>;

/** Whoever follows the logs keeps nothing of these messages any more; false: not known yet, to be asked again. */
export type ForgetMessages = (tenant: TenantId, room: RoomId, seqs: readonly Seq[]) => Promise<boolean>;

export interface Subject {
  readonly tenant: TenantId;
  readonly userId: UserId;
}

/** Collections of a room's items in which a person's words may stand; beside these, the threads that they follow. */
const COLLECTIONS = [
  ...["held", "reports", "audit", "names", "files", "anonbans", "bans", "mutes", "requests", "anon"],
] as const;
/** Between two steps, milliseconds: others come first. */
const STEP_PAUSE_MS = 2;
/** No room: what is asked of it is asked of the store. */
const ENGINE_ROOM = "~" as RoomId;
const FORGOTTEN_AT_ONCE = 1_000;
const FORGET_ATTEMPTS_MAX = 20;
const FORGET_PAUSE_MS = 500;

export class ErasureSteps {
  readonly #keeper: Keeper;
  readonly #blobs: BlobStore | undefined;
  readonly #forget: ForgetMessages;

  constructor(keeper: Keeper, blobs: BlobStore | undefined, forget: ForgetMessages) {
    this.#keeper = keeper;
    this.#blobs = blobs;
    this.#forget = forget;
  }

  /** First the messages are deleted, which all who listen hear; then what stands in the log is written anew. */
  async room(subject: Subject, room: RoomId): Promise<Result<ErasureCounts, Rejection>> {
    const { tenant, userId } = subject;
    const heir = await this.#heir(subject, room);
    if (!heir.ok) return heir.error.code === "room_not_found" ? ok({}) : heir;
    const leave = { do: "erase_member", userId, ...(heir.value !== undefined && { heir: heir.value }) } as const;
    const left = await this.#keeper.room(tenant, room, leave);
    if (!left.ok) return left.error.code === "room_not_found" ? ok({}) : left;
    const messages = await this.#messages(subject, room);
    if (!messages.ok) return messages;
    const { seen, files, ...found } = messages.value;
    const rows = await this.#rows(subject, room);
    if (!rows.ok) return rows;
    const events = await this.#rewrite(subject, room);
    if (!events.ok) return events;
    const removed = await this.#files(tenant, room, files);
    const counts = {
      ...found,
      ...(removed > 0 && { files: removed }),
      ...(left.value.changed === 1 && { memberships: 1 }),
      ...(rows.value > 0 && { roomRows: rows.value }),
      ...(events.value > 0 && { logEvents: events.value }),
    };
    if (!(await this.#forgotten(subject, room, seen))) return err({ code: "unavailable", retryAfterMs: 1_000 });
    if (seen.length > 0 || Object.keys(counts).length > 0) {
      const finished = await this.#keeper.room(tenant, room, { do: "finish", userId });
      if (!finished.ok) return finished;
    }
    return ok(counts);
  }

  /** All that the search index has overwritten is gone from its store. */
  async settleSearch(tenant: TenantId): Promise<void> {
    await this.#forget(tenant, ENGINE_ROOM, []);
  }

  async documents({ tenant, userId }: Subject): Promise<Result<ErasureCounts, Rejection>> {
    const counts: Record<string, number> = {};
    for (let store = 0; ; store += 1) {
      let after: string | undefined;
      do {
        const from: { readonly after?: string } = after === undefined ? {} : { after };
        const done = await this.#keeper.user(tenant, { do: "erase_documents", userId, store, ...from });
        if (!done.ok) return done;
        const { store: name, rows = 0 } = done.value;
        if (name === undefined) return ok(counts);
        if (rows > 0) counts[name] = (counts[name] ?? 0) + rows;
        after = done.value.after;
      } while (after !== undefined);
    }
  }

  /** Their row, their marks, and what their actor holds. */
  async person({ tenant, userId }: Subject): Promise<Result<ErasureCounts, Rejection>> {
    const done = await this.#keeper.user(tenant, { do: "forget" }, userId);
    if (!done.ok) return done;
    const { rows = 0 } = done.value;
    return ok(rows > 0 ? { profileAndMarks: rows } : {});
  }

  /** false: the store is too large for it. */
  async clean({ tenant }: Subject): Promise<Result<boolean, Rejection>> {
    const done = await this.#keeper.user(tenant, { do: "clean" });
    return done.ok ? ok(done.value.cleaned === "clean") : done;
  }

  /** Who has the room after its last owner; `undefined`: they are not that, or nobody else is there. */
  async #heir({ tenant, userId }: Subject, room: RoomId): Promise<Result<UserId | undefined, Rejection>> {
    let from: { readonly after?: UserId; readonly best?: Heir } = {};
    for (;;) {
      const page = await this.#keeper.room(tenant, room, { do: "find_heir", userId, ...from });
      if (!page.ok) return page;
      const { heir: best, after } = page.value;
      if (after === undefined) return ok(best?.userId);
      from = { after: after as UserId, ...(best !== undefined && { best }) };
      await this.#keeper.pause(STEP_PAUSE_MS);
    }
  }

  async #messages(
    { tenant, userId }: Subject,
    room: RoomId,
  ): Promise<
    Result<{ messages?: number; quotes?: number; seen: readonly Seq[]; files: readonly string[] }, Rejection>
  > {
    const found = { messages: 0, quotes: 0 };
    const all: Seq[] = [];
    const files = new Set<string>();
    for (let after: Seq | undefined = 0; after !== undefined; ) {
      const page = await this.#keeper.room(tenant, room, { do: "find", userId, after });
      if (!page.ok) return page;
      const { targets = [], quotes = [], next, seen = [] } = page.value;
      for (const id of page.value.files ?? []) files.add(id);
      if (targets.length > 0) {
        const done = await this.#keeper.room(tenant, room, { do: "erase_messages", userId, targets });
        if (!done.ok) return done;
      }
      if (quotes.length > 0) {
        const done = await this.#keeper.room(tenant, room, { do: "erase_quotes", targets: quotes });
        if (!done.ok) return done;
      }
      found.messages += targets.length;
      found.quotes += quotes.length;
      all.push(...seen);
      after = next;
      await this.#keeper.pause(STEP_PAUSE_MS);
    }
    const { messages, quotes } = found;
    return ok({ ...(messages > 0 && { messages }), ...(quotes > 0 && { quotes }), seen: all, files: [...files] });
  }

  async #forgotten({ tenant }: Subject, room: RoomId, seqs: readonly Seq[]): Promise<boolean> {
    for (let at = 0; at < seqs.length; at += FORGOTTEN_AT_ONCE) {
      const some = seqs.slice(at, at + FORGOTTEN_AT_ONCE);
      for (let attempt = 1; !(await this.#forget(tenant, room, some)); attempt += 1) {
        if (attempt >= FORGET_ATTEMPTS_MAX) return false;
        await this.#keeper.pause(FORGET_PAUSE_MS);
      }
    }
    return true;
  }

  async #rows({ tenant, userId }: Subject, room: RoomId): Promise<Result<number, Rejection>> {
    let changed = 0;
    for (const collection of [...COLLECTIONS, `f.${userId}`]) {
      let after: string | undefined;
      do {
        const from: { readonly after?: string } = after === undefined ? {} : { after };
        const page = await this.#keeper.room(tenant, room, { do: "find_rows", userId, collection, ...from });
        if (!page.ok) return page;
        const { keys = [] } = page.value;
        if (keys.length > 0) {
          const done = await this.#keeper.room(tenant, room, { do: "erase_rows", userId, keys });
          if (!done.ok) return done;
          changed += keys.length;
        }
        after = page.value.after;
      } while (after !== undefined);
    }
    return ok(changed);
  }

  async #rewrite({ tenant, userId }: Subject, room: RoomId): Promise<Result<number, Rejection>> {
    let changed = 0;
    for (let after: Seq | undefined = 0; after !== undefined; ) {
      const step = await this.#keeper.room(tenant, room, { do: "rewrite", userId, after });
      if (!step.ok) return step;
      changed += step.value.changed ?? 0;
      after = step.value.next;
      await this.#keeper.pause(STEP_PAUSE_MS);
    }
    return ok(changed);
  }

  async #files(tenant: TenantId, room: RoomId, files: readonly string[]): Promise<number> {
    if (this.#blobs === undefined || files.length === 0) return 0;
    const left = await removeFor(this.#blobs, { tenant, room }, files);
    return files.length - left.length;
  }
}
