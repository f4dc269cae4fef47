/**
 * AWS Signature Version 4 by the platform's own hashes, for the one kind of request that DynamoDB knows: a POST to one path
 * with its whole body at hand. The SDK's signer takes twice the time of all the rest of a request.
 * Source: "Create a signed AWS API request" in AWS's general reference; compared with the SDK's signer in a test.
 */
import { createHash, createHmac } from "node:crypto";

export interface SigningCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** What of the SDK's request is looked at and changed. */
export interface SignableRequest {
  readonly method: string;
  readonly path: string;
  headers: Record<string, string>;
  body?: unknown;
}

export interface SigningContext {
  readonly signingDate?: number | string | Date;
  readonly signingRegion?: string;
  readonly signingService?: string;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

export class RequestSigner {
  readonly #credentials: () => Promise<SigningCredentials>;
  readonly #region: string;
  /** The key is good for a day, a region and a secret; only the last one is needed again. */
  #keyName = "";
  #key: Uint8Array = new Uint8Array();

  /** `region`: where the SDK names none. */
  constructor(credentials: () => Promise<SigningCredentials>, region: string) {
    this.#credentials = credentials;
    this.#region = region;
  }

  async sign<Request extends SignableRequest>(request: Request, context: SigningContext = {}): Promise<Request> {
    const { accessKeyId, secretAccessKey, sessionToken } = await this.#credentials();
    const region = context.signingRegion ?? this.#region;
    const service = context.signingService ?? "dynamodb";
    const time = new Date(context.signingDate ?? Date.now()).toISOString().replace(/[-:]|\.\d{3}/g, "");
    const day = time.slice(0, 8);
    const { headers } = request;
    headers["x-amz-date"] = time;
    if (sessionToken !== undefined) headers["x-amz-security-token"] = sessionToken;
    const { names, lines } = headersToSign(headers);
    const canonical = `${request.method}\n${request.path}\n\n${lines}\n${names}\n${sha256(bodyOf(request.body))}`;
    const scope = `${day}/${region}/${service}/aws4_request`;
    const signature = createHmac("sha256", this.#keyFor(secretAccessKey, day, region, service))
      .update(`${ALGORITHM}\n${time}\n${scope}\n${sha256(canonical)}`)
      .digest("hex");
    headers["authorization"] =
      `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
    return request;
  }

  #keyFor(secret: string, day: string, region: string, service: string): Uint8Array {
    const name = `${secret} ${day} ${region} ${service}`;
    if (name !== this.#keyName) {
      this.#key = [day, region, service, "aws4_request"].reduce<Uint8Array>(
        (key, part) => createHmac("sha256", key).update(part).digest(),
        new TextEncoder().encode(`AWS4${secret}`),
      );
      this.#keyName = name;
    }
    return this.#key;
  }
}

/** Those that AWS demands: the host, and what begins with `x-amz-`; others may be changed on the way. */
function headersToSign(headers: Readonly<Record<string, string>>): { readonly names: string; readonly lines: string } {
  const signed = Object.entries(headers)
    .map(([name, value]) => [name.toLowerCase(), value.trim().replace(/\s+/g, " ")] as const)
    .filter(([name]) => name === "host" || name === "content-type" || name.startsWith("x-amz-"))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    names: signed.map(([name]) => name).join(";"),
    lines: signed.map(([name, value]) => `${name}:${value}\n`).join(""),
  };
}

function bodyOf(body: unknown): string | Uint8Array {
  if (typeof body === "string" || body instanceof Uint8Array) return body;
  if (body === undefined) return "";
  throw new Error("a request to sign has a body that is not at hand");
}

function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
