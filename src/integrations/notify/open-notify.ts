/** Puts together whoever tells people that are away, for the thread of the followers. */
import type { Clock } from "../../base/clock.ts";
import { failureReport } from "../../base/failure-report.ts";
import type { NotifyCounts, ToldOutcome } from "../../domain/notify/outcome.ts";
import type { EngineAsk } from "../../followers/engine-calls.ts";
import { type OutwardAllowed, OutwardHttp } from "../outward-http.ts";
import { type AwsPlace, snsNotifier, sqsNotifier } from "./aws-notifiers.ts";
import { EngineAsker } from "./engine-asker.ts";
import type { Notifier } from "./notifier.ts";
import { NotifyConsumer } from "./notify-consumer.ts";
import { Outcomes } from "./outcomes.ts";
import { TenantBook } from "./tenant-book.ts";
import type { VapidKeys } from "./vapid.ts";
import { WebPush } from "./web-push.ts";
import { webhookNotifier } from "./webhook-notifier.ts";

/** Data, so that it can be given to a thread. */
export interface NotifySettings {
  readonly windowMs: number;
  readonly withText: boolean;
  readonly out:
    | ({ readonly kind: "sqs"; readonly queueUrl: string } & AwsPlace)
    | ({ readonly kind: "sns"; readonly topicArn: string } & AwsPlace)
    | { readonly kind: "webhook"; readonly url: string; readonly secret: string }
    | undefined;
  readonly push: { readonly contact: string; readonly keys: VapidKeys } | undefined;
}
export interface NotifyParts {
  readonly engine: EngineAsk;
  readonly clock: Clock;
  readonly allowed: OutwardAllowed;
  readonly report: (event: string, details: Readonly<Record<string, string | number>>) => void;
  readonly told: (outcomes: readonly ToldOutcome[]) => void;
}
export interface OpenNotify {
  readonly consumer: NotifyConsumer;
  counts(): NotifyCounts;
  close(): void;
}

export function openNotify(settings: NotifySettings, parts: NotifyParts): OpenNotify {
  const { clock, allowed, report, told } = parts;
  const engine = new EngineAsker(parts.engine);
  const outcomes = new Outcomes(told);
  const out = openOut(settings.out, clock, reporter(parts, settings.out?.kind ?? ""));
  const push =
    settings.push &&
    new WebPush({
      ...settings.push,
      clock,
      http: new OutwardHttp({ clock, allowed }),
      failed: reporter(parts, "push"),
    });
  const { windowMs, withText } = settings;
  const book = new TenantBook(engine, clock);
  const consumer = new NotifyConsumer({ engine, book, clock, windowMs, withText, out, push, outcomes, report });
  return { consumer, counts: () => outcomes.counts, close: () => out?.close() };
}

function openOut(out: NotifySettings["out"], clock: Clock, failed: (why: string) => void): Notifier | undefined {
  switch (out?.kind) {
    case "sqs":
      return sqsNotifier(out, failed);
    case "sns":
      return snsNotifier(out, failed);
    case "webhook":
      return webhookNotifier({ ...out, clock, failed });
    case undefined:
      return undefined;
  }
}

/** Never what was sent, nor to whom. */
function reporter({ clock, report }: NotifyParts, way: string): (why: string) => void {
  return failureReport(clock, (failures) => report("notifications_failed", { way, ...failures }));
}
