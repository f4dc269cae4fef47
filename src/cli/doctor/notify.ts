/** The ways by which people who are away are told: the queue or topic is there, the service answers, the keys are a pair. */
import { GetTopicAttributesCommand } from "@aws-sdk/client-sns";
import { GetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import type { NotifyConfig } from "../../config/notify.ts";
import { NOTIFY_REQUEST_MS_MAX } from "../../base/limits.ts";
import { snsClient, sqsClient } from "../../integrations/notify/aws-notifiers.ts";
import { isPair } from "../../integrations/notify/vapid.ts";
import { bad, examined, type Finding, fine } from "./finding.ts";

const ABOUT = "notifications";

export function examineNotify(
  { out, push }: NotifyConfig,
  examineService: (what: string, at: { url: string; timeoutMs: number }, bound: string) => Promise<readonly Finding[]>,
): readonly Promise<readonly Finding[]>[] {
  const looks: Promise<readonly Finding[]>[] = [];
  const remedy = "see that it is there, and that the keys may send to it and ask for its attributes";
  if (out?.kind === "sqs") looks.push(examined(ABOUT, remedy, () => examineQueue(out)));
  if (out?.kind === "sns") looks.push(examined(ABOUT, remedy, () => examineTopic(out)));
  if (out?.kind === "webhook") {
    const at = { url: out.url, timeoutMs: NOTIFY_REQUEST_MS_MAX };
    looks.push(examined(ABOUT, "see that it runs", () => examineService(ABOUT, at, "5 s for each notification")));
  }
  if (push?.keys !== undefined) looks.push(Promise.resolve([pairOf(push.keys)]));
  return looks;
}

async function examineQueue(out: Extract<NotifyConfig["out"], { kind: "sqs" }>): Promise<readonly Finding[]> {
  const client = sqsClient(out);
  try {
    const AttributeNames = ["ApproximateNumberOfMessages" as const];
    const found = await client.send(new GetQueueAttributesCommand({ QueueUrl: out.queueUrl, AttributeNames }));
    return [fine(ABOUT, `the queue is there, with ${found.Attributes?.ApproximateNumberOfMessages ?? "?"} messages`)];
  } finally {
    client.destroy();
  }
}

async function examineTopic(out: Extract<NotifyConfig["out"], { kind: "sns" }>): Promise<readonly Finding[]> {
  const client = snsClient(out);
  try {
    const found = await client.send(new GetTopicAttributesCommand({ TopicArn: out.topicArn }));
    return [
      fine(ABOUT, `the topic is there, with ${found.Attributes?.["SubscriptionsConfirmed"] ?? "?"} subscriptions`),
    ];
  } finally {
    client.destroy();
  }
}

function pairOf(keys: { readonly publicKey: string; readonly privateKey: string }): Finding {
  if (isPair(keys)) return fine("Web Push", "the keys belong together");
  return bad("Web Push", "STOA_VAPID_PUBLIC_KEY and STOA_VAPID_PRIVATE_KEY do not belong together", "npm run vapid");
}
