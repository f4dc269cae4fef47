/**
 * How far people have read the threads that they follow: a document per person and thread, since it is nobody else's
 * business and stands in no log. Invariant: a mark only goes forward, whichever of a person's devices is slower.
 */
import type { RoomId, Seq, TenantId, UserId } from "../../base/ids.ts";
import { THREAD_MARK_ATTEMPTS_MAX } from "../../base/limits.ts";
import { seqId } from "../../domain/room/thread-items.ts";
import type { Done } from "../../storage/journal.ts";
import type { Projections, StoredDocument } from "../../storage/projections.ts";
import type { Later } from "../actor.ts";

/** One thread of one person. */
export interface ThreadOf {
  readonly room: RoomId;
  readonly root: Seq;
  readonly userId: UserId;
}

export class ThreadMarks {
  readonly #projections: Projections;
  readonly #tenant: TenantId;
  readonly #later: Later;

  constructor(projections: Projections, tenant: TenantId, later: Later) {
    this.#projections = projections;
    this.#tenant = tenant;
    this.#later = later;
  }

  /** Number of the reply up to which they marked the thread as read; 0 when they never did. */
  of(thread: ThreadOf, answer: Done<number>): void {
    this.#read(thread, (read) => answer(read.ok ? { ok: true, value: noOf(read.value) } : read));
  }

  /** Durable when it is answered, with the mark as it is then. */
  advance(thread: ThreadOf, no: number, answer: Done<number>, attempts = THREAD_MARK_ATTEMPTS_MAX): void {
    this.#read(thread, (read) => {
      if (!read.ok) return answer(read);
      const present = noOf(read.value);
      if (present >= no) return answer({ ok: true, value: present });
      if (attempts === 0) return answer({ ok: false, error: "unavailable" });
      this.#projections.writeDocument(
        this.#tenant,
        marksOf(thread.userId),
        idOf(thread),
        { no },
        read.value?.version ?? 0,
        this.#later((written) => {
          if (!written.ok) answer(written);
          else if (written.value === "written") answer({ ok: true, value: no });
          else this.advance(thread, no, answer, attempts - 1);
        }),
      );
    });
  }

  /** The thread is gone: nobody counts its replies any more. */
  forget(thread: ThreadOf, answer: Done<true>, attempts = THREAD_MARK_ATTEMPTS_MAX): void {
    this.#read(thread, (read) => {
      if (!read.ok) return answer(read);
      if (read.value === null) return answer({ ok: true, value: true });
      if (attempts === 0) return answer({ ok: false, error: "unavailable" });
      this.#projections.writeDocument(
        this.#tenant,
        marksOf(thread.userId),
        idOf(thread),
        null,
        read.value.version,
        this.#later((written) => {
          if (!written.ok) answer(written);
          else if (written.value === "written") answer({ ok: true, value: true });
          else this.forget(thread, answer, attempts - 1);
        }),
      );
    });
  }

  #read(thread: ThreadOf, answer: Done<StoredDocument | null>): void {
    this.#projections.readDocument(this.#tenant, marksOf(thread.userId), idOf(thread), this.#later(answer));
  }
}

/** The documents of one person's marks, by `idOf`. */
export function marksOf(userId: UserId): string {
  return `threads.${userId}`;
}

function idOf({ room, root }: ThreadOf): string {
  return `${room}/${seqId(root)}`;
}

function noOf(document: StoredDocument | null): number {
  return document === null ? 0 : (document.value as { readonly no: number }).no;
}
