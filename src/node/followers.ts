/** Who follows the logs on this node, as the configuration asks: search, the feed with its webhooks, notifications, EventBridge. */
import { DAY_MS } from "../base/days.ts";
import type { Clock } from "../base/clock.ts";
import { isNotifying } from "../config/notify.ts";
import type { Config } from "../config/config.ts";
import { FollowHost, type FollowSeams } from "./follow-host.ts";
import type { NotifySettings } from "../integrations/notify/open-notify.ts";
import type { VapidKeys } from "../integrations/notify/vapid.ts";

export interface FollowPlan {
  readonly host: FollowHost | undefined;
  /** Those of whom health says when they are late: by the name there, their own. */
  readonly watched: ReadonlyMap<string, string>;
}

export function planFollowers(
  config: Config,
  { clock, vapid, isClustered }: { clock: Clock; vapid: VapidKeys | undefined; isClustered: boolean },
  seams: FollowSeams,
): FollowPlan {
  const { search, feed, eventBridge } = config;
  const notify = notifySettingsOf(config, vapid);
  const watched = new Map<string, string>();
  if (search) watched.set("search", "search");
  if (notify !== undefined) watched.set("notifications", "notify");
  if (feed !== undefined) watched.set("feed", "feed");
  const isFollowed = search || feed !== undefined || notify !== undefined || eventBridge !== undefined;
  const settings = {
    storage: { dataDir: config.dataDir, dynamodb: config.dynamodb },
    search,
    isClustered,
    feed: feed && { keptMs: feed.days * DAY_MS, webhooks: feed.webhooks },
    notify,
    eventBridge: eventBridge && { ...eventBridge, startedMs: clock.wallMs() },
    outward: config.outward,
  };
  return {
    host: isFollowed ? new FollowHost(settings, seams) : undefined,
    watched,
  };
}

/** `undefined`: nobody who is away is told anything. */
function notifySettingsOf({ notify }: Config, vapid: VapidKeys | undefined): NotifySettings | undefined {
  const { windowMs, withText, out, push } = notify;
  if (!isNotifying(notify)) return undefined;
  const browsers = push !== undefined && vapid !== undefined ? { contact: push.contact, keys: vapid } : undefined;
  return { windowMs, withText, out, push: browsers };
}
