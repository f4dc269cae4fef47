/**
 * Receivers of notifications on this machine: what speaks the HTTP of SQS and SNS, a webhook, and a push service with browsers that
 * decrypt what they get. Each remembers what it took; a test says how the next requests are answered.
 */
import { createDecipheriv, createECDH, createHash, createPublicKey, hkdfSync, randomBytes, verify } from "node:crypto";
import { LOCAL_CERTIFICATE, LOCAL_KEY } from "./self-signed.ts";

export interface Took {
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Of queues and topics: what came with it. */
  readonly group?: string | undefined;
  readonly deduplication?: string | undefined;
  readonly attributes?: Readonly<Record<string, string>>;
}
type Failure = { readonly status: number; readonly headers?: Readonly<Record<string, string>> };

/** What all of them have. */
abstract class Receiver {
  readonly took: Took[] = [];
  requests = 0;
  /** Run before the answer to a request leaves, when what it brought was taken. */
  beforeAnswer: (() => Promise<void>) | undefined;
  readonly #failures: Failure[] = [];
  readonly #server: Bun.Server<undefined>;

  constructor(tls?: { readonly cert: string; readonly key: string }) {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      ...(tls && { tls }),
      fetch: (request) => this.#receive(request),
    });
  }

  get port(): number {
    return this.#server.port ?? 0;
  }

  /** The next request is refused so. */
  fail(...failures: readonly Failure[]): void {
    this.#failures.push(...failures);
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
  }

  protected abstract take(request: Request, body: Buffer): Promise<Response>;

  async #receive(request: Request): Promise<Response> {
    const body = Buffer.from(await request.arrayBuffer());
    this.requests += 1;
    const failure = this.#failures.shift();
    if (failure !== undefined) return new Response("{}", failure);
    const response = await this.take(request, body);
    await this.beforeAnswer?.();
    return response;
  }
}

interface SqsEntry {
  readonly Id: string;
  readonly MessageBody: string;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
  readonly MessageAttributes?: Readonly<Record<string, { readonly StringValue?: string }>>;
}

/** SQS as JSON, SNS as forms and XML. */
export class AwsReceiver extends Receiver {
  /** Bodies that an entry is refused for, by a part of them, and whose fault that is. */
  readonly refused = new Map<string, "sender" | "service">();

  get endpoint(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get queueUrl(): string {
    return `${this.endpoint}/123456789012/notifications`;
  }

  protected async take(request: Request, body: Buffer): Promise<Response> {
    if (request.headers.get("x-amz-target") === "AmazonSQS.SendMessageBatch") return this.#sqs(body);
    if (request.headers.get("x-amz-target") === "AmazonSQS.GetQueueAttributes") {
      return Response.json({ Attributes: { ApproximateNumberOfMessages: String(this.took.length) } });
    }
    const form = new URLSearchParams(body.toString());
    return form.get("Action") === "GetTopicAttributes" ? topicAttributes() : this.#sns(form);
  }

  #sqs(body: Buffer): Response {
    const { Entries } = JSON.parse(body.toString()) as { Entries: readonly SqsEntry[] };
    const Successful: object[] = [];
    const Failed: object[] = [];
    for (const entry of Entries) {
      const fault = this.#faultOf(entry.MessageBody);
      if (fault !== undefined) {
        Failed.push({ Id: entry.Id, SenderFault: fault === "sender", Code: "InvalidMessageContents" });
        continue;
      }
      const attributes = Object.entries(entry.MessageAttributes ?? {}).map(([name, one]) => [name, one.StringValue]);
      this.#took(entry.MessageBody, entry.MessageGroupId, entry.MessageDeduplicationId, Object.fromEntries(attributes));
      const MD5OfMessageBody = createHash("md5").update(entry.MessageBody).digest("hex");
      Successful.push({ Id: entry.Id, MessageId: randomBytes(8).toString("hex"), MD5OfMessageBody });
    }
    return Response.json({ Successful, Failed }, { headers: { "content-type": "application/x-amz-json-1.0" } });
  }

  #sns(form: URLSearchParams): Response {
    const successful: string[] = [];
    const failed: string[] = [];
    for (let i = 1; form.has(`PublishBatchRequestEntries.member.${i}.Id`); i += 1) {
      const of = (name: string): string | undefined =>
        form.get(`PublishBatchRequestEntries.member.${i}.${name}`) ?? undefined;
      const [id, message] = [of("Id") ?? "", of("Message") ?? ""];
      const fault = this.#faultOf(message);
      if (fault !== undefined) {
        failed.push(`<member><Id>${id}</Id><Code>X</Code><SenderFault>${fault === "sender"}</SenderFault></member>`);
        continue;
      }
      const attributes: [string, string][] = [];
      for (let n = 1; of(`MessageAttributes.entry.${n}.Name`) !== undefined; n += 1) {
        const value = of(`MessageAttributes.entry.${n}.Value.StringValue`) ?? "";
        attributes.push([of(`MessageAttributes.entry.${n}.Name`) ?? "", value]);
      }
      this.#took(message, of("MessageGroupId"), of("MessageDeduplicationId"), Object.fromEntries(attributes));
      successful.push(`<member><Id>${id}</Id><MessageId>m-${id}</MessageId></member>`);
    }
    const result = `<Successful>${successful.join("")}</Successful><Failed>${failed.join("")}</Failed>`;
    return new Response(
      `<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult>${result}</PublishBatchResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishBatchResponse>`,
      { headers: { "content-type": "text/xml" } },
    );
  }

  #faultOf(text: string): "sender" | "service" | undefined {
    for (const [part, fault] of this.refused) if (text.includes(part)) return fault;
    return undefined;
  }

  #took(
    text: string,
    group: string | undefined,
    deduplication: string | undefined,
    attributes: Readonly<Record<string, string>>,
  ): void {
    this.took.push({ body: JSON.parse(text) as Took["body"], headers: {}, group, deduplication, attributes });
  }
}

function topicAttributes(): Response {
  const entry = "<entry><key>SubscriptionsConfirmed</key><value>3</value></entry>";
  const result = `<GetTopicAttributesResult><Attributes>${entry}</Attributes></GetTopicAttributesResult>`;
  return new Response(
    `<GetTopicAttributesResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">${result}</GetTopicAttributesResponse>`,
    { headers: { "content-type": "text/xml" } },
  );
}

export class WebhookReceiver extends Receiver {
  /** As they came, for signatures. */
  readonly texts: string[] = [];

  get url(): string {
    return `http://127.0.0.1:${this.port}/notify`;
  }

  protected async take(request: Request, body: Buffer): Promise<Response> {
    if (request.method !== "POST") return new Response(null, { status: 405 });
    const text = body.toString();
    this.texts.push(text);
    this.took.push({ body: JSON.parse(text) as Took["body"], headers: Object.fromEntries(request.headers) });
    return new Response("fine");
  }
}

/** A push service over TLS; each browser has an address of its own there. */
export class PushReceiver extends Receiver {
  readonly #browsers = new Map<string, Browser>();
  /** Addresses that are not there any more. */
  readonly gone = new Set<string>();

  constructor() {
    super({ cert: LOCAL_CERTIFICATE, key: LOCAL_KEY });
  }

  get origin(): string {
    return `https://localhost:${this.port}`;
  }

  browser(name: string): Browser {
    const browser = new Browser(`${this.origin}/send/${name}`);
    this.#browsers.set(browser.endpoint, browser);
    return browser;
  }

  protected async take(request: Request, body: Buffer): Promise<Response> {
    const endpoint = `${this.origin}${new URL(request.url).pathname}`;
    const browser = this.#browsers.get(endpoint);
    if (browser === undefined || this.gone.has(endpoint)) return new Response(null, { status: 410 });
    const headers = Object.fromEntries(request.headers);
    const took = { body: browser.decrypt(body), headers };
    browser.took.push(took);
    this.took.push(took);
    return new Response(null, { status: 201 });
  }
}

const RECORD_HEADER_BYTES = 21;
const TAG_BYTES = 16;

/** A browser that has subscribed: its keys, and what reached it. RFC 8291 and 8188, from the receiver's side. */
export class Browser {
  readonly endpoint: string;
  readonly took: Took[] = [];
  readonly #curve = createECDH("prime256v1");
  readonly #auth = randomBytes(16);

  constructor(endpoint: string) {
    this.endpoint = endpoint;
    this.#curve.generateKeys();
  }

  /** As `PushSubscription.toJSON()` says it. */
  get subscription() {
    const keys = { p256dh: this.#curve.getPublicKey().toString("base64url"), auth: this.#auth.toString("base64url") };
    return { endpoint: this.endpoint, expirationTime: null, keys };
  }

  decrypt(body: Buffer): Took["body"] {
    const salt = body.subarray(0, 16);
    const keyLength = body[20] ?? 0;
    const sender = body.subarray(RECORD_HEADER_BYTES, RECORD_HEADER_BYTES + keyLength);
    const record = body.subarray(RECORD_HEADER_BYTES + keyLength);
    const own = this.#curve.getPublicKey();
    const info = Buffer.concat([Buffer.from("WebPush: info\0"), own, sender]);
    const secret = derive(this.#curve.computeSecret(sender), this.#auth, info, 32);
    const key = derive(secret, salt, Buffer.from("Content-Encoding: aes128gcm\0"), 16);
    const nonce = derive(secret, salt, Buffer.from("Content-Encoding: nonce\0"), 12);
    const cipher = createDecipheriv("aes-128-gcm", key, nonce);
    cipher.setAuthTag(record.subarray(record.length - TAG_BYTES));
    const plain = Buffer.concat([cipher.update(record.subarray(0, record.length - TAG_BYTES)), cipher.final()]);
    // The last record ends with a two, behind which there is padding.
    const end = plain.lastIndexOf(2);
    return JSON.parse(plain.subarray(0, end).toString()) as Took["body"];
  }
}

function derive(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, salt, info, length));
}

/** Of `Authorization: vapid t=…, k=…`: what it claims, if its signature is that key's. */
export function vapidClaims(
  authorization: string | undefined,
): Readonly<Record<string, unknown>> & { readonly key: string } {
  const [, token = "", key = ""] = /^vapid t=([^,\s]+), ?k=([^,\s]+)$/.exec(authorization ?? "") ?? [];
  const [header = "", claims = "", signature = ""] = token.split(".");
  const point = Buffer.from(key, "base64url");
  const jwk = {
    ...{ kty: "EC", crv: "P-256" },
    ...{ x: point.subarray(1, 33).toString("base64url"), y: point.subarray(33).toString("base64url") },
  };
  const isGood = verify(
    "sha256",
    Buffer.from(`${header}.${claims}`),
    { key: createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" },
    Buffer.from(signature, "base64url"),
  );
  if (!isGood) throw new Error("the signature is not this key's");
  return { ...(JSON.parse(Buffer.from(claims, "base64url").toString()) as object), key };
}
