/** Spans of HTTP requests: by route, never by path, since paths name rooms and people. Probes and metrics are left out. */
import type { Clock } from "../../base/clock.ts";
import type { SpanSink } from "../../base/spans.ts";

const LEFT_OUT: ReadonlySet<string> = new Set(["/healthz", "/readyz", "/metrics", "/api/health"]);

export class RequestSpans {
  readonly #clock: Clock;
  readonly #sink: SpanSink;
  readonly #begun = new WeakMap<Request, number>();

  constructor(clock: Clock, sink: SpanSink) {
    this.#clock = clock;
    this.#sink = sink;
  }

  began(request: Request): void {
    this.#begun.set(request, this.#clock.monotonicMs());
  }

  /** `route`: the pattern that was found; empty when there is none. */
  ended(request: Request, route: string, status: number, requestId: string): void {
    const begunMs = this.#begun.get(request);
    if (begunMs === undefined || LEFT_OUT.has(route)) return;
    const endMs = this.#clock.wallMs();
    const span = {
      name: route === "" ? request.method : `${request.method} ${route}`,
      startMs: endMs - (this.#clock.monotonicMs() - begunMs),
      endMs,
      attributes: {
        "http.request.method": request.method,
        "http.response.status_code": status,
        "stoa.request_id": requestId,
        ...(route !== "" && { "http.route": route }),
      },
      hasFailed: status >= 500,
      parts: [],
    };
    this.#sink.tell(span, request.headers.get("traceparent") ?? undefined);
  }
}
