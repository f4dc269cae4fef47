/**
 * Notifications to a queue of SQS or a topic of SNS. To a `.fifo` one, what is for one person and room keeps its order, and what
 * comes twice is known by its id. Invariant: one attempt for a request; what failed is sent again with the rest of its log.
 */
import { PublishBatchCommand, SNSClient } from "@aws-sdk/client-sns";
import { SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";
import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { NOTIFY_REQUEST_MS_MAX } from "../../base/limits.ts";
import type { Notification } from "../../domain/notify/notification.ts";
import { BatchSender, outcomesOf } from "./batch-sender.ts";
import { messageOf, type Notifier } from "./notifier.ts";

export interface AwsPlace {
  readonly region: string;
  readonly endpoint?: string | undefined;
  /** A server on this machine that looks at no credentials: any will do. */
  readonly anyCredentials: boolean;
}
type Failed = (why: string) => void;

export function sqsNotifier(place: AwsPlace & { readonly queueUrl: string }, failed: Failed): Notifier {
  const { queueUrl } = place;
  const client = sqsClient(place);
  const sender = new BatchSender(async (notifications) => {
    const Entries = notifications.map((one, i) => ({ ...entryOf(one, i, queueUrl), MessageBody: messageOf(one) }));
    return outcomesOf(await client.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries })));
  }, failed);
  return { name: "sqs", send: (notification) => sender.send(notification), close: () => client.destroy() };
}

export function snsNotifier(place: AwsPlace & { readonly topicArn: string }, failed: Failed): Notifier {
  const { topicArn } = place;
  const client = snsClient(place);
  const sender = new BatchSender(async (notifications) => {
    const entries = notifications.map((one, i) => ({ ...entryOf(one, i, topicArn), Message: messageOf(one) }));
    return outcomesOf(
      await client.send(new PublishBatchCommand({ TopicArn: topicArn, PublishBatchRequestEntries: entries })),
    );
  }, failed);
  return { name: "sns", send: (notification) => sender.send(notification), close: () => client.destroy() };
}

/** The queue's own address says where it is. */
export function sqsClient(place: AwsPlace & { readonly queueUrl: string }): SQSClient {
  return new SQSClient(clientOf({ ...place, endpoint: new URL(place.queueUrl).origin }));
}

export function snsClient(place: AwsPlace): SNSClient {
  return new SNSClient(clientOf(place));
}

function clientOf({ region, endpoint, anyCredentials }: AwsPlace) {
  return {
    region,
    maxAttempts: 1,
    requestHandler: new FetchHttpHandler({ keepAlive: true, requestTimeout: NOTIFY_REQUEST_MS_MAX }),
    ...(endpoint !== undefined && { endpoint }),
    ...(anyCredentials && { credentials: { accessKeyId: "local", secretAccessKey: "local" } }),
  };
}

/** What both services take of one, but for its text: by its place, with what subscriptions filter by and, where they keep one, its order. */
function entryOf({ tenantId, reason, collapseKey, id }: Notification, place: number, to: string) {
  return {
    Id: String(place),
    MessageAttributes: {
      tenantId: { DataType: "String", StringValue: tenantId },
      reason: { DataType: "String", StringValue: reason },
    },
    ...(to.endsWith(".fifo") && { MessageGroupId: collapseKey, MessageDeduplicationId: id }),
  };
}
