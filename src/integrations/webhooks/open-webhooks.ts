/** The parts of webhooks, put together: for administrators in the main thread, for deliveries in the followers'. */
import type { Clock } from "../../base/clock.ts";
import type { TenantId } from "../../base/ids.ts";
import { SystemRandom } from "../../base/prng.ts";
import type { FeedParts } from "../../feed/open-feed.ts";
import { Webhooks } from "../../feed/webhooks.ts";
import { type OutwardAllowed, OutwardHttp, refuseUrl } from "../outward-http.ts";
import { WebhookDesk } from "./webhook-desk.ts";
import type { RunnerSettings } from "./webhook-runner.ts";
import { WebhookRunners } from "./webhook-runners.ts";
import { WebhookSender } from "./webhook-sender.ts";

export interface WebhookSettings extends RunnerSettings {
  /** For one delivery. */
  readonly timeoutMs: number;
}

/** What administrators have of them. */
export function openWebhooks(feed: FeedParts, clock: Clock, settings: WebhookSettings, outward: OutwardAllowed) {
  const webhooks = openDocuments(feed, clock, outward);
  const sender = new WebhookSender(new OutwardHttp({ clock, allowed: outward }), clock, settings.timeoutMs);
  return { webhooks, probes: new WebhookDesk({ webhooks, reader: feed.reader, sender, clock }) };
}

export interface OpenRunners {
  readonly feed: FeedParts;
  readonly clock: Clock;
  readonly settings: WebhookSettings;
  readonly outward: OutwardAllowed;
  readonly report: (event: string, details: Readonly<Record<string, string | number>>) => void;
}

/** Who delivers. */
export function openRunners(
  { feed, clock, settings, outward, report }: OpenRunners,
  isMine: (tenant: TenantId, id: string) => boolean,
  isClustered: boolean,
): WebhookRunners {
  return new WebhookRunners({
    ...{ clock, settings, report, isMine, isClustered },
    webhooks: openDocuments(feed, clock, outward),
    reader: feed.reader,
    stream: feed.stream,
    sender: new WebhookSender(new OutwardHttp({ clock, allowed: outward }), clock, settings.timeoutMs),
    random: new SystemRandom(),
  });
}

function openDocuments({ documents, registry, feed }: FeedParts, clock: Clock, outward: OutwardAllowed): Webhooks {
  return new Webhooks({
    ...{ documents, registry, feed, clock, random: new SystemRandom() },
    refuseUrl: (url) => {
      const allowed = refuseUrl(url, outward);
      return allowed.ok ? undefined : REFUSALS[allowed.error];
    },
  });
}

const REFUSALS: Readonly<Record<string, string>> = {
  invalid_url: "This is no address that begins with https:// or http://, without a user name or password.",
  forbidden_address: "This address is not reachable for everybody, and this server's operator does not allow it.",
};
