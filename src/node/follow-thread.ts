/**
 * Entry of the thread that follows the logs and answers searches: what must never be in the way of a message. It runs with a
 * lower priority than the others. It keeps nothing that is not in the store, so another one can take its place at any time.
 */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { addressHash, roomAddress } from "../actors/address.ts";
import type { Call } from "../actors/calls.ts";
import type { HeadHint } from "../actors/head-hints.ts";
import { SystemClock } from "../base/clock.ts";
import { NOTIFY_OUTCOMES_MAX } from "../base/limits.ts";
import type { RoomId, TenantId } from "../base/ids.ts";
import type { Result } from "../base/result.ts";
import { Placement, type View } from "../cluster/placement.ts";
import type { Principal } from "../domain/principal.ts";
import { FeedDocuments } from "../feed/feed-engine.ts";
import { FeedWatch } from "../feed/feed-watch.ts";
import { openFeed } from "../feed/open-feed.ts";
import { StreamConsumer } from "../feed/stream-consumer.ts";
import { EngineCalls } from "../followers/engine-calls.ts";
import type { Delivered, Forgotten, Lag, LogConsumer } from "../followers/log-consumer.ts";
import { LogFollowers } from "../followers/log-followers.ts";
import { SearchConsumer } from "../followers/search-consumer.ts";
import type { WebhookConfig } from "../config/feed.ts";
import type { EventBridgeSettings } from "../integrations/event-bridge.ts";
import { openRunners } from "../integrations/webhooks/open-webhooks.ts";
import type { WebhookFigures } from "../integrations/webhooks/webhook-runners.ts";
import { openFollowerStorage, openSearchIndex, type StorageLocation } from "./open-parts.ts";
import { yieldToOthers } from "./thread-priority.ts";
import type { NotifySettings } from "../integrations/notify/open-notify.ts";
import type { NotifyCounts, ToldOutcome } from "../domain/notify/outcome.ts";
import type { OutwardAllowed } from "../integrations/outward-http.ts";
import type { Rejection } from "../protocol/errors.ts";
import type { LogKey, ReadResult } from "../storage/journal.ts";
import type { Hit, SearchQuery } from "../storage/search-index.ts";

export interface FollowSettings {
  readonly storage: StorageLocation;
  readonly search: boolean;
  /** There are other nodes: which logs are followed here depends on the view. */
  readonly isClustered: boolean;
  /** Tenants may have a feed; for how long its entries are kept, milliseconds. */
  readonly feed: { readonly keptMs: number; readonly webhooks: WebhookConfig } | undefined;
  /** `undefined`: nobody who is away is told anything. */
  readonly notify: NotifySettings | undefined;
  /** `undefined`: nothing is sent there. */
  readonly eventBridge: EventBridgeSettings | undefined;
  /** Where consumers may go beside what everybody can reach. */
  readonly outward: OutwardAllowed;
}

/** To the thread. */
export type FollowOrder =
  | { readonly kind: "hints"; readonly hints: readonly HeadHint[] }
  | { readonly kind: "view"; readonly view: View }
  /** Something may have been written that was not told. */
  | { readonly kind: "sweep" }
  | { readonly kind: "search"; readonly no: number; readonly query: SearchQuery }
  | { readonly kind: "forget"; readonly no: number; readonly log: LogKey; readonly what: Forgotten }
  /** Something about tenants' feeds was changed here: others see it when they look next. */
  | { readonly kind: "feeds_changed" }
  /** What became of call `no`. */
  | { readonly kind: "answered"; readonly no: number; readonly result: Result<unknown, Rejection> }
  | { readonly kind: "close" };

/** From the thread. */
export type FollowNotice =
  | { readonly kind: "ready" }
  | {
      readonly kind: "lags";
      readonly lags: Readonly<Record<string, Lag>>;
      readonly webhooks?: WebhookFigures | undefined;
    }
  | { readonly kind: "hits"; readonly no: number; readonly result: ReadResult<readonly Hit[]> }
  | { readonly kind: "forgotten"; readonly no: number; readonly outcome: Delivered }
  /** A tenant's feed has more. */
  | { readonly kind: "streamed"; readonly tenant: TenantId }
  /** What became of notifications lately, and in all. */
  | { readonly kind: "told"; readonly outcomes: readonly ToldOutcome[]; readonly counts: NotifyCounts }
  /** A consumer asks the engine something. */
  | { readonly kind: "ask"; readonly no: number; readonly by: Principal; readonly call: Call }
  | { readonly kind: "report"; readonly event: string; readonly details: Readonly<Record<string, string | number>> }
  | { readonly kind: "closed" };

const LAGS_MS = 500;

async function run(host: MessagePort, settings: FollowSettings): Promise<void> {
  const notice = (message: FollowNotice): void => host.postMessage(message);
  const report = (event: string, details: Readonly<Record<string, string | number>>): void =>
    notice({ kind: "report", event, details });
  yieldToOthers(report);
  const storage = await openFollowerStorage(settings.storage, report);
  const search = settings.search ? await openSearchIndex(settings.storage, report) : undefined;
  const engine = new EngineCalls((no, by, call) => notice({ kind: "ask", no, by, call }));
  const clock = new SystemClock();
  const feed = settings.feed && openFeed(engine, clock, () => undefined, report);
  const streams =
    feed &&
    new StreamConsumer({
      stream: feed.stream,
      clock,
      keptMs: settings.feed?.keptMs ?? 0,
      streamed: (tenant) => {
        hooks?.more(tenant);
        notice({ kind: "streamed", tenant });
      },
    });
  const told: ToldOutcome[] = [];
  // The services' own libraries take 50 MB: not where nobody is told anything.
  const notify =
    settings.notify &&
    (await import("../integrations/notify/open-notify.ts")).openNotify(settings.notify, {
      ...{ engine, clock, report, allowed: settings.outward },
      told: (outcomes) => {
        told.push(...outcomes);
        // Nobody can remember more than that anyway.
        if (told.length > NOTIFY_OUTCOMES_MAX) told.splice(0, told.length - NOTIFY_OUTCOMES_MAX);
      },
    });
  const documents = new FeedDocuments(engine, clock);
  const bridge =
    settings.eventBridge &&
    new (await import("../integrations/event-bridge.ts")).EventBridge(settings.eventBridge, {
      ...{ engine, documents, clock, report },
    });
  const consumers: readonly LogConsumer[] = [
    ...(search === undefined ? [] : [new SearchConsumer(search.index, setImmediate)]),
    ...(streams === undefined ? [] : [streams]),
    ...(bridge === undefined ? [] : [bridge]),
    ...(notify === undefined ? [] : [notify.consumer]),
  ];
  let placement: Placement | undefined;
  const isHere = (tenant: TenantId, id: string): boolean =>
    settings.isClustered ? placement?.isOwn(addressHash(roomAddress(tenant, id as RoomId))) === true : true;
  const hooks =
    feed &&
    settings.feed &&
    openRunners(
      { feed, clock, report, settings: settings.feed.webhooks, outward: settings.outward },
      isHere,
      settings.isClustered,
    );
  const followers = new LogFollowers({
    consumers,
    journal: storage.journal,
    store: storage.store,
    clock,
    report,
    isMine: ({ tenant, room }) => isHere(tenant, room),
  });
  const watch =
    feed &&
    new FeedWatch({
      registry: feed.registry,
      clock,
      have: (tenants) => {
        if (streams?.follow(tenants) === true) followers.lookThrough();
      },
      changed: (tenant) => hooks?.changed(tenant),
    });
  const lags = setInterval(() => {
    notice({ kind: "lags", lags: followers.lags(), webhooks: hooks?.figures });
    if (notify !== undefined && told.length > 0) {
      notice({ kind: "told", outcomes: told.splice(0), counts: notify.counts() });
    }
  }, LAGS_MS);

  host.on("message", (order: FollowOrder) => {
    switch (order.kind) {
      case "hints":
        for (const [log, head] of order.hints) followers.wrote(log, head);
        return;
      case "view":
        // Whoever left may have written what nobody here was told of.
        placement = new Placement(order.view);
        followers.sweep();
        for (const tenant of watch?.tenants ?? []) hooks?.changed(tenant);
        return;
      case "sweep":
        followers.sweep();
        return;
      case "search": {
        const { no, query } = order;
        const done = (result: ReadResult<readonly Hit[]>): void => notice({ kind: "hits", no, result });
        if (search === undefined) done({ ok: false, error: "unavailable" });
        else search.index.search(query, done);
        return;
      }
      case "forget":
        followers.forget(order.log, order.what, (outcome) => notice({ kind: "forgotten", no: order.no, outcome }));
        return;
      case "feeds_changed":
        watch?.look();
        return;
      case "answered":
        engine.answered(order.no, order.result);
        return;
      case "close":
        clearInterval(lags);
        watch?.stop();
        hooks?.stop();
        streams?.stop();
        feed?.passed.stop();
        bridge?.close();
        followers.stop();
        notify?.close();
        search?.close();
        storage.close();
        notice({ kind: "closed" });
        host.close();
    }
  });
  followers.start();
  notice({ kind: "ready" });
  watch?.look();
  feed?.passed.start(isHere);
  bridge?.start();
}

if (parentPort !== null) await run(parentPort, workerData as FollowSettings);
