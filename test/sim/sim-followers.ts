/**
 * The thread of a node that follows the logs: the production followers, feed, webhooks and notifications, put together as `src/follow-thread.ts`
 * does, on simulated ports. It crashes and comes back by itself; nothing of it is kept that is not in the store.
 * Invariant: nothing of a dead thread is heard, but for what it had sent to the world outside.
 */
import { addressHash, roomAddress } from "../../src/actors/address.ts";
import type { Call } from "../../src/actors/calls.ts";
import type { HeadHint } from "../../src/actors/head-hints.ts";
import type { RoomId, TenantId } from "../../src/base/ids.ts";
import { SeededRandom } from "../../src/base/prng.ts";
import type { Result } from "../../src/base/result.ts";
import { Placement, type View } from "../../src/cluster/placement.ts";
import type { Principal } from "../../src/domain/principal.ts";
import { FeedWatch } from "../../src/feed/feed-watch.ts";
import { type FeedParts, openFeed } from "../../src/feed/open-feed.ts";
import { StreamConsumer } from "../../src/feed/stream-consumer.ts";
import { Webhooks } from "../../src/feed/webhooks.ts";
import { EngineCalls } from "../../src/followers/engine-calls.ts";
import type { LogConsumer } from "../../src/followers/log-consumer.ts";
import { LogFollowers } from "../../src/followers/log-followers.ts";
import { EngineAsker } from "../../src/integrations/notify/engine-asker.ts";
import type { Notifier } from "../../src/integrations/notify/notifier.ts";
import { NotifyConsumer } from "../../src/integrations/notify/notify-consumer.ts";
import { Outcomes } from "../../src/integrations/notify/outcomes.ts";
import { TenantBook } from "../../src/integrations/notify/tenant-book.ts";
import { WebhookRunners } from "../../src/integrations/webhooks/webhook-runners.ts";
import type { Outcome, WebhookSender } from "../../src/integrations/webhooks/webhook-sender.ts";
import type { Rejection } from "../../src/protocol/errors.ts";
import type { Receivers } from "./receivers.ts";
import { Pipe } from "./sim-network.ts";
import type { World } from "./sim-node.ts";
import { SimProcess } from "./sim-process.ts";
import { SimFollowStore } from "./sim-follow-store.ts";
import { SimJournal } from "./sim-store.ts";

/** What the thread has of its node. */
export interface FollowHostParts {
  readonly world: World;
  readonly receivers: Receivers;
  /** There are other nodes. */
  readonly isClustered: boolean;
  readonly call: (by: Principal, call: Call, answer: (result: Result<unknown, Rejection>) => void) => void;
  /** In the node's main thread. */
  readonly enter: (run: () => void) => void;
  readonly streamed: (tenant: TenantId) => void;
  readonly report: (event: string, details: Readonly<Record<string, string | number>>) => void;
  /** For planted bugs. */
  readonly wrapConsumer: ((consumer: LogConsumer) => LogConsumer) | undefined;
  readonly wrapOutcome: ((outcome: Outcome) => Outcome) | undefined;
  readonly wrapNotify: ((consumer: LogConsumer) => LogConsumer) | undefined;
  readonly tamperNotify: ((engine: EngineAsker) => void) | undefined;
  readonly tamperFeed: ((feed: FeedParts) => void) | undefined;
}

const LINK_MS_MAX = 2;
const NOTIFY_WINDOW_MS = 1_000;
const KEPT_MS = 30 * 86_400_000;
/** As by default, but that nobody is given up within a run. */
const SETTINGS = { retryMsMax: 3_000, attemptsMax: 1_000, disableMs: 72 * 3_600_000 };

export class SimFollowers {
  readonly #host: FollowHostParts;
  readonly #process: SimProcess;
  readonly #toThread: Pipe;
  readonly #toMain: Pipe;
  readonly #engine: EngineCalls;
  readonly #followers: LogFollowers;
  readonly #hooks: WebhookRunners;
  readonly #streams: StreamConsumer;
  readonly #watch: FeedWatch;
  #placement: Placement | undefined;

  constructor(host: FollowHostParts) {
    this.#host = host;
    const { world, isClustered, report } = host;
    const { queue, clock, store, random } = world;
    const process = new SimProcess(queue, clock);
    this.#process = process;
    const delays = (): number => 0.02 + random.next() * LINK_MS_MAX;
    this.#toThread = new Pipe(queue, delays);
    this.#toMain = new Pipe(queue, delays);
    this.#engine = new EngineCalls((no, by, call) => this.#ask(no, by, call));
    const feed = openFeed(this.#engine, process, () => undefined);
    host.tamperFeed?.(feed);
    this.#streams = new StreamConsumer({
      stream: feed.stream,
      clock: process,
      keptMs: KEPT_MS,
      streamed: (tenant) => {
        this.#hooks.more(tenant);
        this.#tell(() => host.streamed(tenant));
      },
    });
    this.#hooks = new WebhookRunners({
      ...{ clock: process, settings: SETTINGS, report, isClustered },
      isMine: (tenant, id) => this.#isHere(tenant, id),
      webhooks: openHooks(feed, process, this.#newRandom()),
      reader: feed.reader,
      stream: feed.stream,
      sender: this.#sender(),
      random: this.#newRandom(),
    });
    const notify = this.#notify();
    this.#followers = new LogFollowers({
      consumers: [host.wrapConsumer?.(this.#streams) ?? this.#streams, host.wrapNotify?.(notify) ?? notify],
      journal: new SimJournal(store, process),
      store: new SimFollowStore(store, process),
      clock: process,
      report,
      isMine: ({ tenant, room }) => this.#isHere(tenant, room),
    });
    this.#watch = new FeedWatch({
      registry: feed.registry,
      clock: process,
      have: (tenants) => {
        if (this.#streams.follow(tenants)) this.#followers.lookThrough();
      },
      changed: (tenant) => this.#hooks.changed(tenant),
    });
    this.#followers.start();
    this.#watch.look();
    // The main thread hears that it is ready, and says that something may have been written.
    if (!isClustered) this.sweep();
  }

  hinted(hints: readonly HeadHint[]): void {
    this.#order(() => {
      for (const [log, head] of hints) this.#followers.wrote(log, head);
    });
  }

  sweep(): void {
    this.#order(() => this.#followers.sweep());
  }

  viewed(view: View): void {
    if (view.isolated) return;
    this.#order(() => {
      this.#placement = new Placement(view);
      this.#followers.sweep();
      for (const tenant of this.#watch.tenants) this.#hooks.changed(tenant);
    });
  }

  feedsChanged(): void {
    this.#order(() => this.#watch.look());
  }

  pause(): void {
    this.#process.pause();
  }

  resume(): void {
    this.#process.resume();
  }

  kill(): void {
    this.#process.kill();
    this.#toMain.cut();
    this.#toThread.cut();
    this.#watch.stop();
    this.#hooks.stop();
    this.#streams.stop();
    this.#followers.stop();
  }

  // ---------------------------------------------------------------------------------------------- between threads

  #order(obey: () => void): void {
    this.#toThread.send(() => this.#process.enter(obey));
  }

  #tell(hear: () => void): void {
    if (!this.#process.isDead) this.#toMain.send(() => this.#host.enter(hear));
  }

  #ask(no: number, by: Principal, call: Call): void {
    this.#tell(() => this.#host.call(by, call, (result) => this.#order(() => this.#engine.answered(no, result))));
  }

  #isHere(tenant: TenantId, id: string): boolean {
    if (!this.#host.isClustered) return true;
    return this.#placement?.isOwn(addressHash(roomAddress(tenant, id as RoomId))) === true;
  }

  /** What leaves the node arrives whatever becomes of it; the answer does not. */
  #sender(): Pick<WebhookSender, "page"> {
    return {
      page: ({ id }, page, from, to) =>
        new Promise((resolve) => {
          if (this.#process.isDead) return;
          this.#host.receivers.post(id, { page, from, to }, (outcome) =>
            this.#process.enter(() => resolve(this.#host.wrapOutcome?.(outcome) ?? outcome)),
          );
        }),
    };
  }

  /** As `open-notify.ts` puts it together, with a way out that is simulated. */
  #notify(): NotifyConsumer {
    const { report, receivers, tamperNotify } = this.#host;
    const clock = this.#process;
    const engine = new EngineAsker(this.#engine);
    tamperNotify?.(engine);
    const out: Notifier = {
      name: "webhook",
      send: (notification) =>
        new Promise((resolve) => {
          if (clock.isDead) return;
          receivers.notices.post(notification, (outcome) => clock.enter(() => resolve(outcome)));
        }),
      close: () => undefined,
    };
    const ways = { out, push: undefined, withText: true, outcomes: new Outcomes(() => undefined) };
    const book = new TenantBook(engine, clock);
    return new NotifyConsumer({ engine, book, clock, windowMs: NOTIFY_WINDOW_MS, report, ...ways });
  }

  #newRandom(): SeededRandom {
    return new SeededRandom(this.#host.world.random.below(0xffff_ffff));
  }
}

export function openHooks({ documents, registry, feed }: FeedParts, clock: SimProcess, random: SeededRandom): Webhooks {
  return new Webhooks({ documents, registry, feed, clock, random, refuseUrl: () => undefined });
}
