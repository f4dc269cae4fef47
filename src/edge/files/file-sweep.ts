/**
 * Gives up what nobody needs: uploads that were not completed in time, files that no message refers to after a day, files that
 * their room does not know (it was deleted, or something ended in between). It only asks and removes, so it may be interrupted
 * anywhere and done twice. Invariant: a file is removed only after its room has said that it knows none of this name.
 */
import type { Clock } from "../../base/clock.ts";
import type { RoomId, TenantId } from "../../base/ids.ts";
import {
  FILES_NEEDED_MAX,
  FILES_NEEDED_MS,
  FILE_SWEEP_MS,
  FILE_UNUSED_MS_MAX,
  FILES_DROPPED_MAX,
  UPLOAD_MS_MAX,
} from "../../base/limits.ts";
import { engineOf } from "../../domain/principal.ts";
import { type BlobEntry, type BlobStore, fileOf, removeFor } from "../../storage/blobs.ts";
import type { Result } from "../../base/result.ts";
import type { Rejection } from "../../protocol/errors.ts";
import { areFilesHeld } from "../../base/holds.ts";
import type { Holds } from "../keeping/holds.ts";
import type { Log } from "../log.ts";
import type { Engine } from "../ports.ts";

export interface FileSweepParts {
  readonly engine: Engine;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Of several nodes with the same files one is enough. */
  readonly isMine: () => boolean;
  /** Legal holds of a tenant; what may be on hold stays, and so does everything while that is not known. */
  readonly holds: (tenant: TenantId) => Promise<Result<Holds, Rejection>>;
  readonly counted: (used: ReadonlyMap<TenantId, number>) => void;
}

export interface Swept {
  readonly files: number;
  readonly removed: number;
}

/** Of one room. */
interface Batch {
  readonly tenant: TenantId;
  readonly room: RoomId;
  readonly ids: Set<string>;
}

export class FileSweep {
  readonly #parts: FileSweepParts;
  #timer: Timer | undefined;
  #isStopped = false;
  /** Files that a room needs, and until when it is not asked again: asking wakes it. */
  readonly #needed = new Map<string, number>();

  constructor(parts: FileSweepParts) {
    this.#parts = parts;
  }

  start(firstAfterMs: number): void {
    this.#timer = setTimeout(() => void this.#round(), firstAfterMs);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** Looks through everything once. */
  async sweep(): Promise<Swept> {
    const used = new Map<TenantId, number>();
    const swept = { files: 0, removed: 0 };
    let batch: Batch | undefined;
    const finish = async (): Promise<void> => {
      if (batch !== undefined) swept.removed += await this.#judge(batch);
      batch = undefined;
    };
    for await (const entry of this.#parts.blobs.walk()) {
      if (this.#isStopped) return swept;
      swept.files += 1;
      used.set(entry.tenant, (used.get(entry.tenant) ?? 0) + entry.bytes);
      if (!this.#isOld(entry) || this.#isNeeded(entry)) continue;
      if (entry.isUpload) {
        swept.removed += await this.#removeUpload(entry);
        continue;
      }
      const { tenant, room } = entry;
      const isSame = batch?.tenant === tenant && batch.room === room;
      if (!isSame || (batch?.ids.size ?? 0) >= FILES_DROPPED_MAX) await finish();
      batch ??= { tenant, room, ids: new Set() };
      batch.ids.add(fileOf(entry.id));
    }
    await finish();
    this.#parts.counted(used);
    return swept;
  }

  async #round(): Promise<void> {
    const { log, isMine } = this.#parts;
    try {
      if (isMine()) {
        const swept = await this.sweep();
        if (swept.removed > 0) log.info(swept, "files that nobody needs were removed");
      }
    } catch (error) {
      log.warn({ reason: String(error) }, "the files could not be looked through");
    }
    if (!this.#isStopped) this.start(FILE_SWEEP_MS);
  }

  #isOld({ isUpload, changedAt }: BlobEntry): boolean {
    // A ticket lasts as long as an upload may take, and the last chunk may still be on its way.
    return changedAt < this.#parts.clock.wallMs() - (isUpload ? UPLOAD_MS_MAX + FILE_SWEEP_MS : FILE_UNUSED_MS_MAX);
  }

  #isNeeded({ tenant, room, id, isUpload }: BlobEntry): boolean {
    const until = isUpload ? undefined : this.#needed.get(`${tenant}/${room}/${fileOf(id)}`);
    return until !== undefined && until > this.#parts.clock.wallMs();
  }

  #noteNeeded(tenant: TenantId, room: RoomId, files: readonly string[], known: readonly (object | null)[]): void {
    if (this.#needed.size + files.length > FILES_NEEDED_MAX) this.#needed.clear();
    const until = this.#parts.clock.wallMs() + FILES_NEEDED_MS;
    for (const [i, id] of files.entries()) if (known[i] !== null) this.#needed.set(`${tenant}/${room}/${id}`, until);
  }

  /** An upload's name is never a file's: `keep` moves it. */
  async #removeUpload(entry: BlobEntry): Promise<number> {
    const { blobs } = this.#parts;
    const key = { ...entry, id: entry.id };
    const kept = await blobs.read(key, { start: 0, end: 1 });
    if (kept.ok || kept.error !== "absent") return 0;
    return (await blobs.remove(key)).ok ? 1 : 0;
  }

  async #judge({ tenant, room, ids }: Batch): Promise<number> {
    const { engine, blobs, clock } = this.#parts;
    const files = [...ids];
    const holds = await this.#parts.holds(tenant);
    if (!holds.ok || isHeld(holds.value, room)) return 0;
    const by = engineOf(tenant);
    const before = clock.wallMs() - FILE_UNUSED_MS_MAX;
    const clientId = `sweep:${before}:${files[0]}`;
    const command = { kind: "drop_files", clientId, files, before } as const;
    const dropped = await engine.call(by, { to: "room", room, kind: "mutate", command });
    if (!dropped.ok && dropped.error.code !== "room_not_found") return 0;
    const known = await engine.call(by, { to: "room", room, kind: "files", ids: files });
    if (!known.ok && known.error.code !== "room_not_found") return 0;
    if (known.ok) this.#noteNeeded(tenant, room, files, known.value.files);
    const gone = known.ok ? files.filter((_, i) => known.value.files[i] === null) : files;
    return gone.length - (await removeFor(blobs, { tenant, room }, gone)).length;
  }
}

function isHeld({ tenant, rooms, users }: Holds, room: RoomId): boolean {
  return areFilesHeld({ tenant, room: rooms.has(room), anyPerson: users.size > 0 });
}
