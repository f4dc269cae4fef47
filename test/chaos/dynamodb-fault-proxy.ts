/**
 * An HTTP proxy in front of DynamoDB that fails as the real one may: errors, throttling, answers that come late or never
 * though the write was done, batches of which a part is left over. Which request fails is drawn from a seed.
 * Invariant: a request is forwarded whole or not at all; what was done to each is counted.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { SeededRandom } from "../../src/base/prng.ts";

export const DYNAMO_FAULTS = ["error500", "throttle", "hang", "dropReply", "partialBatch"] as const;
export type DynamoFault = (typeof DYNAMO_FAULTS)[number];
/** How often, from 0 to 1, of all requests; `partialBatch` of the batches. */
export type FaultRates = Readonly<Partial<Record<DynamoFault, number>>>;

const HOST = "127.0.0.1";
/** Longer than any client waits: the write lands when it has been given up. */
const HANG_MS = 10_000;
const ERROR_TYPE = "com.amazonaws.dynamodb.v20120810#";
/** Belong to one hop, or to a body that was decoded on the way. */
const HOP_HEADERS = ["host", "connection", "content-length", "transfer-encoding", "content-encoding", "keep-alive"];

interface Call {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}
interface Reply {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array | string;
}
type Items = Record<string, unknown[]>;

export class DynamoFaultProxy {
  readonly #target: string;
  readonly #random: SeededRandom;
  readonly #hangMs: number;
  readonly #listener: Server;
  readonly #sockets = new Set<Socket>();
  readonly #counts: Record<DynamoFault | "passed" | "cut", number>;
  #rates: FaultRates = {};
  #isCut = false;

  private constructor(target: string, seed: number, hangMs: number) {
    this.#target = target;
    this.#hangMs = hangMs;
    this.#random = new SeededRandom(seed);
    this.#counts = { passed: 0, cut: 0, error500: 0, throttle: 0, hang: 0, dropReply: 0, partialBatch: 0 };
    this.#listener = createServer((request, response) => void this.#serve(request, response));
    // Only the faults that were asked for: an idle connection stays open.
    this.#listener.keepAliveTimeout = 0;
  }

  /** Listens on a free port; `target` is the endpoint of the real server. */
  static async start(target: string, seed: number, hangMs = HANG_MS): Promise<DynamoFaultProxy> {
    const proxy = new DynamoFaultProxy(target, seed, hangMs);
    await new Promise<void>((resolve, reject) => {
      proxy.#listener.once("error", reject);
      proxy.#listener.listen(0, HOST, resolve);
    });
    return proxy;
  }

  get endpoint(): string {
    const address = this.#listener.address();
    if (typeof address !== "object" || address === null) throw new Error("the proxy was stopped");
    return `http://${HOST}:${address.port}`;
  }

  get counts(): Readonly<Record<DynamoFault | "passed" | "cut", number>> {
    return { ...this.#counts };
  }

  /** These faults from now on, and no others. */
  set(rates: FaultRates): void {
    this.#rates = rates;
  }

  /** Every connection is closed, before its request is forwarded or before its answer is passed on. */
  cut(): void {
    this.#isCut = true;
    this.#closeAll();
  }

  heal(): void {
    this.#isCut = false;
    this.#rates = {};
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#listener.close(() => resolve()));
    this.#closeAll();
    await closed;
  }

  /** The listener's own way to close connections would close the listener as well. */
  #closeAll(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    const close = (): void => void socket.destroy();
    if (!this.#sockets.has(socket)) {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    }
    try {
      const call = await received(request);
      const fault = this.#isCut ? "cut" : this.#draw(call);
      this.#counts[fault ?? "passed"] += 1;
      if (fault === "cut") return close();
      const reply = await this.#answer(call, fault);
      if (this.#isCut || reply === undefined) return close();
      response.writeHead(reply.status, reply.headers);
      response.end(reply.body);
    } catch {
      // The server behind is gone, or the client in front: either sees a closed connection.
      close();
    }
  }

  #draw(call: Call): DynamoFault | undefined {
    let left = this.#random.next();
    for (const fault of DYNAMO_FAULTS) {
      if (fault === "partialBatch" && operationOf(call) !== "BatchWriteItem") continue;
      left -= this.#rates[fault] ?? 0;
      if (left < 0) return fault;
    }
    return undefined;
  }

  async #answer(call: Call, fault: DynamoFault | undefined): Promise<Reply | undefined> {
    switch (fault) {
      case "error500":
        return failure(500, "InternalServerError", "The request failed for a reason of the server's own.");
      case "throttle":
        return failure(400, "ProvisionedThroughputExceededException", "Too many requests for this table.");
      case "hang":
        await new Promise((resolve) => setTimeout(resolve, this.#hangMs));
        return this.#forward(call);
      case "dropReply":
        await this.#forward(call);
        return undefined;
      case "partialBatch":
        return this.#forwardPart(call);
      case undefined:
        return this.#forward(call);
    }
  }

  async #forward({ method, path, headers, body }: Call): Promise<Reply> {
    const response = await fetch(this.#target + path, { method, headers, body });
    return {
      status: response.status,
      headers: withoutHop(response.headers).toJSON(),
      body: new Uint8Array(await response.arrayBuffer()),
    };
  }

  /** Some of the batch is written; the rest comes back as unprocessed, as it does when a partition is busy. */
  async #forwardPart(call: Call): Promise<Reply> {
    const request = JSON.parse(new TextDecoder().decode(call.body)) as { RequestItems: Items };
    const taken: Items = {};
    const left: Items = {};
    let mustLeave = true;
    for (const [table, items] of Object.entries(request.RequestItems)) {
      for (const item of items) {
        const side = mustLeave || this.#random.next() < 0.5 ? left : taken;
        mustLeave = false;
        side[table] = [...(side[table] ?? []), item];
      }
    }
    if (Object.keys(taken).length === 0) return json(200, { UnprocessedItems: left });
    const body = new TextEncoder().encode(JSON.stringify({ ...request, RequestItems: taken }));
    const reply = await this.#forward({ ...call, body });
    if (reply.status !== 200 || typeof reply.body === "string") return reply;
    const answer = JSON.parse(new TextDecoder().decode(reply.body)) as { UnprocessedItems?: Items };
    for (const [table, items] of Object.entries(answer.UnprocessedItems ?? {})) {
      left[table] = [...(left[table] ?? []), ...items];
    }
    return json(200, { ...answer, UnprocessedItems: left });
  }
}

async function received(request: IncomingMessage): Promise<Call> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  const body = new Uint8Array(Buffer.concat(chunks));
  return { method: request.method ?? "POST", path: request.url ?? "/", headers: withoutHop(headers), body };
}

function operationOf({ headers }: Call): string {
  return headers.get("x-amz-target")?.split(".")[1] ?? "";
}

function withoutHop(headers: Headers): Headers {
  const kept = new Headers(headers);
  for (const name of HOP_HEADERS) kept.delete(name);
  return kept;
}

function failure(status: number, type: string, message: string): Reply {
  return json(status, { __type: ERROR_TYPE + type, message });
}

function json(status: number, value: unknown): Reply {
  return { status, headers: { "content-type": "application/x-amz-json-1.0" }, body: JSON.stringify(value) };
}
