/**
 * Which tenants have a feed, and when something about it was changed: a document each, under no tenant, so that all nodes can
 * look. Invariant: whoever changes what others have to know of (webhooks) touches it afterwards.
 */
import { NO_TENANT, type TenantId } from "../base/ids.ts";
import { FEED_TENANTS_MAX } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Rejection } from "../protocol/errors.ts";
import type { FeedDocuments } from "./feed-engine.ts";

/** `version` is higher after each change. */
export interface FeedMark {
  readonly tenant: TenantId;
  readonly version: number;
}

const COLLECTION = "feeds";
const PAGE = 500;
const ROUNDS_MAX = 10;

export class FeedRegistry {
  readonly #documents: FeedDocuments;
  readonly #known = new Set<TenantId>();
  /** Said at once to whoever looks on this node. */
  readonly #changed: () => void;

  constructor(documents: FeedDocuments, changed: () => void) {
    this.#documents = documents;
    this.#changed = changed;
  }

  /** The tenant has a feed from now on. */
  async ensure(tenant: TenantId): Promise<Result<true, Rejection>> {
    if (this.#known.has(tenant)) return ok(true);
    const id = encodeURIComponent(tenant);
    const read = await this.#documents.read(NO_TENANT, COLLECTION, id);
    if (!read.ok) return read;
    if (read.value === null) {
      const written = await this.#documents.write(NO_TENANT, COLLECTION, id, { tenant }, 0);
      if (!written.ok) return written;
      this.#changed();
    }
    // The set is no more than a memory.
    if (this.#known.size >= FEED_TENANTS_MAX) this.#known.clear();
    this.#known.add(tenant);
    return ok(true);
  }

  /** Something changed; all nodes look at it soon. */
  async touch(tenant: TenantId): Promise<Result<true, Rejection>> {
    const id = encodeURIComponent(tenant);
    let before: number | undefined;
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const read = await this.#documents.read(NO_TENANT, COLLECTION, id);
      if (!read.ok) return read;
      const version = read.value?.version ?? 0;
      before ??= version;
      // Whoever touched it since then did so after the change: who looks because of theirs sees this one, too.
      const isTouched = version > before;
      const written = isTouched
        ? ok(true)
        : await this.#documents.write(NO_TENANT, COLLECTION, id, { tenant }, version);
      if (!written.ok) return written;
      if (!written.value) continue;
      this.#changed();
      return ok(true);
    }
    return err({ code: "unavailable" });
  }

  /** All tenants with a feed; beyond `FEED_TENANTS_MAX` they are not followed. */
  async list(): Promise<Result<readonly FeedMark[], Rejection>> {
    const marks: FeedMark[] = [];
    for (let after: string | undefined; marks.length < FEED_TENANTS_MAX; ) {
      const page = await this.#documents.list<{ tenant: TenantId }>(NO_TENANT, COLLECTION, { limit: PAGE, after });
      if (!page.ok) return page;
      for (const { value, version } of page.value) marks.push({ tenant: value.tenant, version });
      if (page.value.length < PAGE) break;
      after = page.value.at(-1)?.id;
    }
    return ok(marks);
  }
}
