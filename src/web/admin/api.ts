/**
 * What the dashboard asks the server, over REST alone. Invariant: the tokens go nowhere but to the server that the page
 * came from.
 */

/** A request that was refused, or did not arrive. */
export class ApiFailure extends Error {
  /** 0: no answer. */
  readonly status: number;
  readonly code: string;

  constructor(message: string, about: { readonly status: number; readonly code: string; readonly cause?: unknown }) {
    super(message, { cause: about.cause });
    this.status = about.status;
    this.code = about.code;
  }
}

interface Envelope {
  readonly success?: boolean;
  readonly data?: unknown;
  readonly error?: { readonly code?: string; readonly message?: string };
}

export type Query = Readonly<Record<string, string | number | undefined>>;

const BASE = "/v1/chat";

export class AdminApi {
  readonly #token: () => Promise<string>;
  readonly #operatorToken: () => string | undefined;

  constructor(token: () => Promise<string>, operatorToken: () => string | undefined) {
    this.#token = token;
    this.#operatorToken = operatorToken;
  }

  get<Data>(path: string, query: Query = {}): Promise<Data> {
    return this.#ask<Data>("GET", path + queryText(query));
  }

  send<Data>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: object): Promise<Data> {
    return this.#ask<Data>(method, path, body);
  }

  /** The whole answer as a file. */
  async download(path: string): Promise<Blob> {
    const response = await this.#fetch("GET", path);
    if (!response.ok) throw failureOf(response.status, (await jsonOf(response)) ?? {});
    return response.blob();
  }

  /** An answer in lines: `tell` hears of each, the last one is the answer. */
  async lines<Line, Data>(path: string, body: object, tell: (line: Line) => void): Promise<Data> {
    const response = await this.#fetch("POST", path, body, "application/x-ndjson");
    if (!response.ok || response.body === null) throw failureOf(response.status, (await jsonOf(response)) ?? {});
    let end: Envelope | undefined;
    for await (const line of linesOf(response.body)) {
      const read = JSON.parse(line) as Envelope & Line;
      if (read.success === undefined) tell(read);
      else end = read;
    }
    if (end?.success !== true) throw failureOf(response.status, end ?? {});
    return end.data as Data;
  }

  async #ask<Data>(method: string, path: string, body?: object): Promise<Data> {
    const response = await this.#fetch(method, path, body);
    const envelope = await jsonOf(response);
    if (!response.ok || envelope?.success !== true) throw failureOf(response.status, envelope ?? {});
    // The server's own routes: their shapes are the tests' business.
    return envelope.data as Data;
  }

  async #fetch(method: string, path: string, body?: object, accept = "application/json"): Promise<Response> {
    try {
      const headers: Record<string, string> = { accept, authorization: `Bearer ${await this.#token()}` };
      const operator = this.#operatorToken();
      if (operator !== undefined) headers["x-operator-token"] = operator;
      if (body !== undefined) headers["content-type"] = "application/json";
      return await fetch(BASE + path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
    } catch (error) {
      throw new ApiFailure("The server does not answer.", { cause: error, status: 0, code: "unreachable" });
    }
  }
}

function failureOf(status: number, { error }: Envelope): ApiFailure {
  const message = error?.message ?? `The server answered with status ${status}.`;
  return new ApiFailure(message, { status, code: error?.code ?? "unknown" });
}

async function jsonOf(response: Response): Promise<Envelope | undefined> {
  try {
    return (await response.json()) as Envelope;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const [reader, decoder] = [body.getReader(), new TextDecoder()];
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    rest += decoder.decode(value, { stream: !done });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line !== "") yield line;
    if (done) return;
  }
}

function queryText(query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  if (given.length === 0) return "";
  return `?${given.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&")}`;
}
