/** Whoever delivers to webhooks, with a receiver whose answers are written and time that a test owns. */
import { SeededRandom } from "../../src/base/prng.ts";
import type { UserId } from "../../src/base/ids.ts";
import type { FeedCursor } from "../../src/feed/cursor.ts";
import type { FeedPage } from "../../src/feed/feed-reader.ts";
import { Webhooks } from "../../src/feed/webhooks.ts";
import type { RunnerSettings } from "../../src/integrations/webhooks/webhook-runner.ts";
import { WebhookRunners } from "../../src/integrations/webhooks/webhook-runners.ts";
import type { Delivery, Outcome, WebhookSender } from "../../src/integrations/webhooks/webhook-sender.ts";
import { EventQueue, VirtualClock } from "../sim/virtual-clock.ts";
import { ACME, FeedRig } from "./feed-rig.ts";
import { unwrap } from "./unwrap.ts";

export const TAKEN: Outcome = { kind: "taken", status: 200 };
export const AWAY: Outcome = { kind: "away", why: "refused" };
export const REFUSED: Outcome = { kind: "refused", why: "status 422", status: 422 };
export const SETTINGS: RunnerSettings = { retryMsMax: 60_000, attemptsMax: 4, disableMs: 3_600_000 };
const BY = { by: "root" as UserId, from: "beginning" } as const;

export interface Sent {
  readonly atMs: number;
  readonly id: string;
  readonly attempt: number;
  readonly seqs: readonly number[];
}

export class WebhookRig {
  readonly queue = new EventQueue();
  readonly clock = new VirtualClock(this.queue, 1_750_000_000_000);
  readonly feed = new FeedRig(this.clock);
  readonly webhooks = new Webhooks({
    ...this.feed.parts,
    clock: this.clock,
    random: new SeededRandom(1),
    refuseUrl: () => undefined,
  });
  readonly sent: Sent[] = [];
  readonly reports: string[] = [];
  answer: (sent: Sent) => Outcome | Promise<Outcome> = () => TAKEN;
  runners: WebhookRunners | undefined;

  start(settings: RunnerSettings = SETTINGS): void {
    const page = async (delivery: Delivery, { events }: FeedPage, _from: FeedCursor): Promise<Outcome> => {
      const { id, attempt } = delivery;
      const sent = { atMs: this.queue.nowMs, id, attempt, seqs: events.map(({ seq }) => seq) };
      this.sent.push(sent);
      return this.answer(sent);
    };
    this.runners = new WebhookRunners({
      ...{ webhooks: this.webhooks, clock: this.clock, random: new SeededRandom(2), settings },
      ...{ reader: this.feed.parts.reader, stream: this.feed.parts.stream },
      sender: { page } satisfies Pick<WebhookSender, "page">,
      report: (event) => void this.reports.push(event),
      isMine: () => true,
      isClustered: false,
    });
    this.runners.changed(ACME);
  }

  async make(wish: object = {}): Promise<string> {
    return unwrap(await this.webhooks.create(ACME, { url: "https://a.example", ...wish }, BY)).id;
  }

  async append(room: string, after: number, to: number): Promise<void> {
    this.feed.fill(room, after + 1, to);
    unwrap(await this.feed.parts.stream.append(ACME, [this.feed.range(room, after, to)]));
    this.runners?.more(ACME);
  }

  async state(id: string) {
    return unwrap(await this.webhooks.get(ACME, id));
  }

  async settle(): Promise<void> {
    for (let i = 0; i < 30; i += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  async run(ms: number): Promise<void> {
    const until = this.queue.nowMs + ms;
    do await this.settle();
    while (this.queue.runNext(until));
  }
}
