/** A collector of OpenTelemetry: takes traces over HTTP with JSON, and keeps what it was told. */
import { at, listAt, textAt } from "./json.ts";

export interface SeenSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  /** 2: of a server, 1: internal. */
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly hasFailed: boolean;
  readonly resource: Readonly<Record<string, unknown>>;
}

export class TraceCollector {
  readonly spans: SeenSpan[] = [];
  /** Of the requests, in order. */
  readonly headers: Headers[] = [];
  /** All that came, as text: to look for what must not be there. */
  text = "";
  /** What is answered. */
  status = 200;
  readonly #server: Bun.Server<undefined>;

  constructor() {
    this.#server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: async (request) => {
        if (new URL(request.url).pathname !== "/v1/traces") return new Response("", { status: 404 });
        const text = await request.text();
        this.headers.push(request.headers);
        if (this.status === 200) {
          this.text += text;
          this.spans.push(...spansOf(JSON.parse(text)));
        }
        return Response.json({ partialSuccess: {} }, { status: this.status });
      },
    });
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  partsOf(span: SeenSpan): readonly SeenSpan[] {
    return this.spans.filter((one) => one.parentSpanId === span.spanId && one.traceId === span.traceId);
  }

  async stop(): Promise<void> {
    await this.#server.stop(true);
  }
}

function spansOf(body: unknown): readonly SeenSpan[] {
  return listAt(body, "resourceSpans").flatMap((one) => {
    const resource = attributesOf(at(one, "resource"));
    return listAt(one, "scopeSpans").flatMap((scope) =>
      listAt(scope, "spans").map((span) => ({
        name: textAt(span, "name"),
        traceId: textAt(span, "traceId"),
        spanId: textAt(span, "spanId"),
        parentSpanId: at(span, "parentSpanId") as string | undefined,
        kind: Number(at(span, "kind")),
        startNs: BigInt(String(at(span, "startTimeUnixNano"))),
        endNs: BigInt(String(at(span, "endTimeUnixNano"))),
        attributes: attributesOf(span),
        hasFailed: at(span, "status.code") === 2,
        resource,
      })),
    );
  });
}

function attributesOf(holder: unknown): Readonly<Record<string, unknown>> {
  const pairs = listAt(holder, "attributes").map((pair) => {
    const [value] = Object.values(at(pair, "value") as object);
    return [textAt(pair, "key"), value] as const;
  });
  return Object.fromEntries(pairs);
}
