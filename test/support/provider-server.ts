/**
 * A local server that speaks the streaming HTTP of both providers: OpenAI's chat completions and Gemini's
 * `streamGenerateContent`. A test says how the next answers behave, and sees what was sent.
 */

/** What an answer does, in order. */
export type Step =
  | { readonly text: string }
  /** Waits until the test lets it go on, or for so long. */
  | { readonly waitMs: number }
  | { readonly until: Promise<unknown> }
  /** Bytes that are no JSON. */
  | { readonly malformed: true }
  /** The connection ends without an end. */
  | { readonly cut: true }
  /** Says nothing more, and does not end. */
  | { readonly hang: true }
  /** It is refused for what it says. */
  | { readonly blocked: true }
  /** The bound of tokens was reached. */
  | { readonly length: true }
  /** It is done; what follows comes after that. */
  | { readonly done: true }
  /** Sent as they are. */
  | { readonly bytes: string | Uint8Array }
  /** What it says that it took, in the place of a right count. */
  | { readonly usage: object };

export type Script =
  | readonly Step[]
  | {
      readonly status: number;
      readonly retryAfterSeconds?: number;
      readonly message?: string;
      readonly headers?: Readonly<Record<string, string>>;
    };

export interface ProviderRequest {
  readonly provider: "openai" | "gemini";
  readonly path: string;
  readonly key: string | null;
  /** Everything that the model would read. */
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** Ended by the client before its end. */
  aborted: boolean;
}

type Answer = (request: ProviderRequest) => Script;

export class ProviderServer {
  readonly requests: ProviderRequest[] = [];
  /** When the first byte of each answer's first text was written, `performance.timeOrigin` and on. */
  readonly firstBytes: number[] = [];
  readonly #server: Bun.Server<undefined>;
  readonly #scripts = { openai: [] as Script[], gemini: [] as Script[] };
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  #always: Answer = () => [{ text: "Yes." }];

  constructor() {
    this.#server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      idleTimeout: 0,
      fetch: (request) => this.#serve(request),
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  /** Of a server that asks Gemini first, as with both keys. */
  get env(): Record<string, string> {
    return {
      GEMINI_API_KEY: "gemini-secret-key",
      GEMINI_BASE_URL: this.url,
      OPENAI_API_KEY: "openai-secret-key",
      OPENAI_BASE_URL: `${this.url}/v1`,
    };
  }

  /** The next answers of this provider, one after another; afterwards what `always` says. */
  next(provider: "openai" | "gemini", ...scripts: readonly Script[]): void {
    this.#scripts[provider].push(...scripts);
  }

  /** What was to come next is not to come. */
  forget(): void {
    this.#scripts.openai.length = 0;
    this.#scripts.gemini.length = 0;
  }

  always(answer: Answer): void {
    this.#always = answer;
  }

  /** Resolves when so many requests have come. */
  async came(count: number): Promise<void> {
    if (this.requests.length >= count) return;
    await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
  }

  async #serve(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    const provider = pathname.includes("/chat/completions") ? "openai" : "gemini";
    const body = (await request.json()) as Record<string, unknown>;
    const key =
      provider === "openai"
        ? (request.headers.get("authorization")?.replace("Bearer ", "") ?? null)
        : request.headers.get("x-goog-api-key");
    const seen: ProviderRequest = { provider, path: pathname, key, text: JSON.stringify(body), body, aborted: false };
    this.requests.push(seen);
    for (const { count, resolve } of this.#waiting) if (this.requests.length >= count) resolve();
    const script = this.#scripts[provider].shift() ?? this.#always(seen);
    if ("status" in script) return refusal(provider, script);
    request.signal.addEventListener("abort", () => {
      seen.aborted = true;
    });
    return this.#stream(provider, script, request.signal);
  }

  #stream(provider: "openai" | "gemini", steps: readonly Step[], signal: AbortSignal): Response {
    const firstBytes = this.firstBytes;
    let isFirst = true;
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        const send = (data: string): void => {
          if (!signal.aborted) controller.enqueue(encoder.encode(`data: ${data}\n\n`));
        };
        let output = 0;
        let usage: object | undefined;
        for (const step of steps) {
          if ("text" in step) {
            output += Math.ceil(step.text.length / 4);
            if (isFirst) firstBytes.push(performance.timeOrigin + performance.now());
            isFirst = false;
            send(chunkOf(provider, step.text, undefined));
          } else if ("waitMs" in step) await Bun.sleep(step.waitMs);
          else if ("until" in step) await step.until;
          else if ("malformed" in step) send('{"choices":[{"delta":{"content":');
          else if ("hang" in step) return;
          else if ("cut" in step) return controller.close();
          else if ("bytes" in step) {
            const { bytes } = step;
            controller.enqueue(typeof bytes === "string" ? encoder.encode(bytes) : bytes);
          } else if ("usage" in step) usage = step.usage;
          else if ("done" in step) send(chunkOf(provider, "", "stop"));
          else if ("blocked" in step) send(chunkOf(provider, "", "blocked"));
          else send(chunkOf(provider, "", "length"));
          if (signal.aborted) return;
        }
        const isEnded = steps.some((step) => "blocked" in step || "length" in step || "done" in step);
        if (!isEnded) send(chunkOf(provider, "", "stop"));
        send(usageOf(provider, output, usage));
        if (provider === "openai") send("[DONE]");
        controller.close();
      },
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }
}

type End = "stop" | "length" | "blocked";
const OPENAI_END = { stop: "stop", length: "length", blocked: "content_filter" } as const;
const GEMINI_END = { stop: "STOP", length: "MAX_TOKENS", blocked: "SAFETY" } as const;

function chunkOf(provider: "openai" | "gemini", text: string, end: End | undefined): string {
  if (provider === "openai") {
    const delta = text === "" ? {} : { content: text };
    const choice = { index: 0, delta, finish_reason: end === undefined ? null : OPENAI_END[end] };
    return JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [choice] });
  }
  const content = { role: "model", parts: text === "" ? [] : [{ text }] };
  const candidate = {
    index: 0,
    content,
    ...(end !== undefined && { finishReason: GEMINI_END[end], avgLogprobs: -0.1 }),
  };
  return JSON.stringify({ candidates: [candidate] });
}

function usageOf(provider: "openai" | "gemini", output: number, said: object | undefined): string {
  if (provider === "openai") {
    const usage = said ?? { prompt_tokens: 40, completion_tokens: output, total_tokens: 40 + output };
    return JSON.stringify({ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [], usage });
  }
  const usageMetadata = said ?? { promptTokenCount: 40, candidatesTokenCount: output, totalTokenCount: 40 + output };
  return JSON.stringify({ usageMetadata });
}

function refusal(
  provider: "openai" | "gemini",
  { status, retryAfterSeconds, message = "no", headers: more }: Extract<Script, { status: number }>,
): Response {
  const headers = {
    ...(retryAfterSeconds !== undefined && { "retry-after": String(retryAfterSeconds) }),
    ...more,
  };
  if (provider === "openai") return Response.json({ error: { message, code: null, type: "x" } }, { status, headers });
  const details =
    retryAfterSeconds === undefined
      ? []
      : [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: `${retryAfterSeconds}s` }];
  return Response.json({ error: { code: status, message, details } }, { status });
}
