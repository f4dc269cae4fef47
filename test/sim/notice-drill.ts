/**
 * When all has healed: some people leave, some of them want no notices, some come back, read and leave again, some stay; one mentions
 * them all, while the service that takes notices is away. Once it is back, whoever is to be told is, and nobody else.
 */
import type { UserId } from "../../src/base/ids.ts";
import type { SeededRandom } from "../../src/base/prng.ts";
import type { NotifySettingsAsk } from "../../src/actors/notify-calls.ts";
import type { Crowd } from "./crowd.ts";
import type { DrillPart } from "./history.ts";
import type { Notices } from "./notices.ts";
import type { SimClient } from "./sim-client.ts";

export interface DrillParts {
  readonly crowd: Crowd;
  readonly notices: Notices;
  readonly random: SeededRandom;
  readonly wallMs: () => number;
  readonly runFor: (durationMs: number) => Promise<void>;
  /** Until all who are there have their answers. */
  readonly settle: (what: string) => Promise<void>;
}

export const DRILL = "drill";
const PARTS: readonly DrillPart[] = ["due", "read", "quiet", "level", "live"];
/** For settings to be there, and for the last connection to be forgotten: longer than the grace period of presence. */
const GONE_MS = 6_000;
/** Longer than a log is left alone. */
const SAID_MS = 4_000;
/** Longer than the longest pause of a log that had to wait, and than one more window. */
const TOLD_MS = 45_000;
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
/** On both sides of now: more than machines' clocks are apart. */
const QUIET_MINUTES = 150;

export async function drill(parts: DrillParts): Promise<ReadonlyMap<UserId, DrillPart>> {
  const { crowd, notices, random, settle, runFor } = parts;
  const [speaker, first, ...others] = crowd.clients as [SimClient, SimClient, ...SimClient[]];
  const roles = new Map<SimClient, DrillPart>([[first, "due"]]);
  // Each part in turn, so that few people play many of them.
  const begin = 1 + random.below(PARTS.length - 1);
  for (const [i, client] of others.entries()) roles.set(client, PARTS[(begin + i) % PARTS.length] ?? "due");
  notices.isAway = true;
  for (const [client, part] of roles) choose(client, part, parts.wallMs());
  await runFor(GONE_MS);
  for (const [client, part] of roles) if (part !== "live") client.goAway();
  await runFor(GONE_MS);
  const mentions = [...roles.keys()].map(({ user }) => user);
  for (const room of crowd.rooms) {
    if (speaker.view(room).subscribed) speaker.request(room, { kind: "send_message", content: DRILL, mentions });
  }
  await settle("mention people");
  await runFor(SAID_MS);
  const readers = [...roles].flatMap(([client, part]) => (part === "read" ? [client] : []));
  for (const reader of readers) reader.comeBack();
  await settle("come back to read");
  for (const reader of readers) {
    for (const { room, subscribed, head = 0 } of reader.rooms.values()) {
      if (subscribed) reader.request(room, { kind: "mark_read", seq: head });
    }
  }
  await settle("read");
  for (const reader of readers) reader.goAway();
  await runFor(GONE_MS);
  notices.isAway = false;
  await runFor(TOLD_MS);
  for (const client of roles.keys()) if (client.isAway) client.comeBack();
  await settle("come back");
  return new Map([...roles].map(([client, part]) => [client.user, part]));
}

function choose(client: SimClient, part: DrillPart, nowMs: number): void {
  const minute = (Math.floor(nowMs / MINUTE_MS) + DAY_MINUTES) % DAY_MINUTES;
  const from = (minute + DAY_MINUTES - QUIET_MINUTES) % DAY_MINUTES;
  const to = (minute + QUIET_MINUTES) % DAY_MINUTES;
  const wishes: Partial<Record<DrillPart, NotifySettingsAsk>> = {
    quiet: { of: "person", set: { quietHours: { from, to, timeZone: "UTC" } } },
    level: { of: "person", set: { level: "none" } },
  };
  const ask = wishes[part];
  const call = ask && ({ to: "user", user: client.user, kind: "notify_settings", ask } as const);
  if (call !== undefined) client.at?.call(client.principal, call, () => undefined);
}
