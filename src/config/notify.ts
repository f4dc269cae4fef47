/** The part of the configuration that says how people are told of what happens while they are away. */
import type { EnvReader } from "./env-reader.ts";

/** A queue or a topic of AWS; its keys are found as the SDK finds them. */
interface AwsPlace {
  readonly region: string;
  /** A server of one's own and no key in the environment: such servers look at none. */
  readonly anyCredentials: boolean;
}
export interface NotifyConfig {
  /** How long what happens in a room is gathered before anybody is told, milliseconds. */
  readonly windowMs: number;
  /** What was written leaves the engine with a notification. */
  readonly withText: boolean;
  /** One of them at most; `undefined`: nobody but browsers is told. */
  readonly out:
    | ({ readonly kind: "sqs"; readonly queueUrl: string } & AwsPlace)
    | ({ readonly kind: "sns"; readonly topicArn: string; readonly endpoint: string | undefined } & AwsPlace)
    | { readonly kind: "webhook"; readonly url: string; readonly secret: string }
    | undefined;
  /** `undefined`: no browser is told. */
  readonly push:
    | {
        /** Whom a push service may write to. */
        readonly contact: string;
        /** `undefined`: made at the first start and kept in the data folder. */
        readonly keys: VapidKeys | undefined;
      }
    | undefined;
}
/** As base64url: an uncompressed point of P-256, and its scalar. */
export interface VapidKeys {
  readonly publicKey: string;
  readonly privateKey: string;
}

const SECRET_LENGTH_MIN = 16;
const WINDOW_MS_MAX = 600_000;
const PUBLIC_KEY = /^B[A-Za-z0-9_-]{86}$/;
const PRIVATE_KEY = /^[A-Za-z0-9_-]{43}$/;
const ARN = /^arn:aws[a-z-]*:sns:([a-z0-9-]+):\d{12}:[A-Za-z0-9_-]{1,256}(\.fifo)?$/;

/** Keys that are kept in a folder of one node are not those of the others. */
export function readNotify(reader: EnvReader, isAlone: boolean): NotifyConfig {
  return {
    windowMs: reader.whole("STOA_NOTIFY_WINDOW_MS", { min: 0, max: WINDOW_MS_MAX, fallback: 10_000, unit: "ms" }),
    withText: reader.flag("STOA_NOTIFY_TEXT", true),
    out: readOut(reader),
    push: readPush(reader, isAlone),
  };
}

/** Somebody is told of something. */
export function isNotifying({ out, push }: NotifyConfig): boolean {
  return out !== undefined || push !== undefined;
}

/** A queue goes before a topic, and a topic before a service of one's own. */
function readOut(reader: EnvReader): NotifyConfig["out"] {
  const queueUrl = reader.url("SQS_QUEUE_URL", ["https", "http"]);
  const accepted = "the ARN of a topic: arn:aws:sns:eu-central-1:123456789012:name";
  const topicArn = reader.matching("SNS_TOPIC_ARN", ARN, accepted, undefined);
  const endpoint = reader.url("SNS_ENDPOINT", ["https", "http"]);
  const webhook = readWebhook(reader);
  if (queueUrl !== undefined && URL.canParse(queueUrl)) {
    const { hostname } = new URL(queueUrl);
    return { kind: "sqs", queueUrl, ...placeOf(reader, /^sqs\.([a-z0-9-]+)\./.exec(hostname)?.[1], queueUrl) };
  }
  if (topicArn !== undefined) {
    return { kind: "sns", topicArn, endpoint, ...placeOf(reader, ARN.exec(topicArn)?.[1], endpoint) };
  }
  return webhook;
}

/** The region that the name says, before that of the environment. */
function placeOf(reader: EnvReader, named: string | undefined, address: string | undefined): AwsPlace {
  const isOwnServer =
    address !== undefined && URL.canParse(address) && !new URL(address).hostname.endsWith(".amazonaws.com");
  return {
    region: named ?? reader.raw("AWS_REGION") ?? "us-east-1",
    anyCredentials: isOwnServer && reader.raw("AWS_ACCESS_KEY_ID") === undefined,
  };
}

function readWebhook(reader: EnvReader): NotifyConfig["out"] {
  const url = reader.url("STOA_NOTIFY_WEBHOOK_URL", ["https", "http"]);
  const secret = reader.text("STOA_NOTIFY_WEBHOOK_SECRET");
  if (url === undefined) return undefined;
  if (secret === undefined || secret.length < SECRET_LENGTH_MIN) {
    const why = "it signs what the service is sent";
    reader.complain("STOA_NOTIFY_WEBHOOK_SECRET", `at least ${SECRET_LENGTH_MIN} characters (${why})`, true);
    return undefined;
  }
  return { kind: "webhook", url, secret };
}

function readPush(reader: EnvReader, isAlone: boolean): NotifyConfig["push"] {
  const address = "mailto: and an address, or an https:// page";
  const contact = reader.matching(
    "STOA_WEB_PUSH_CONTACT",
    /^(mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/,
    address,
    undefined,
  );
  const errorsBefore = reader.errors.length;
  const publicKey = reader.matching("STOA_VAPID_PUBLIC_KEY", PUBLIC_KEY, "what `npm run vapid` prints", undefined);
  const privateKey = reader.matching(
    "STOA_VAPID_PRIVATE_KEY",
    PRIVATE_KEY,
    "what `npm run vapid` prints",
    undefined,
    true,
  );
  if (contact === undefined || reader.errors.length > errorsBefore) return undefined;
  if (publicKey !== undefined && privateKey !== undefined) return { contact, keys: { publicKey, privateKey } };
  if (publicKey !== undefined || privateKey !== undefined || !isAlone) {
    const name = publicKey === undefined ? "STOA_VAPID_PUBLIC_KEY" : "STOA_VAPID_PRIVATE_KEY";
    const why = isAlone
      ? "both keys or none"
      : "all nodes need the same keys, and DynamoDB means that there may be several";
    reader.complain(name, `what \`npm run vapid\` prints (${why})`, true);
  }
  return { contact, keys: undefined };
}
