/** The parts of the feed over one engine, put together: in the main thread for requests, in the followers' for whoever delivers. */
import type { Clock } from "../base/clock.ts";
import { FeedBell } from "./feed-bell.ts";
import { FeedDocuments, type FeedEngine } from "./feed-engine.ts";
import { FeedReader } from "./feed-reader.ts";
import { FeedRegistry } from "./feed-registry.ts";
import { type FeedReport, PassedRooms } from "./passed-rooms.ts";
import { TenantFeed } from "./tenant-feed.ts";
import { TenantStream } from "./tenant-stream.ts";

/** `changed`: something about a tenant's feed was changed here. `report`: a trouble that operators want to know of. */
export function openFeed(engine: FeedEngine, clock: Clock, changed: () => void, report: FeedReport = () => undefined) {
  const documents = new FeedDocuments(engine, clock);
  const stream = new TenantStream(documents, clock);
  const passed = new PassedRooms({ engine, documents, stream, clock, report });
  const reader = new FeedReader(engine, stream, passed);
  const registry = new FeedRegistry(documents, changed);
  const bell = new FeedBell(clock);
  const feed = new TenantFeed({ clock, documents, registry, stream, reader, bell });
  return { documents, stream, passed, reader, registry, bell, feed };
}

export type FeedParts = ReturnType<typeof openFeed>;
