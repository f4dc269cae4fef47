/**
 * Spans for a collector of OpenTelemetry, over HTTP. Loaded only where traces are written.
 * Invariant: what the collector does not take in time is dropped, within the bounds of the batch; nobody waits for it.
 */
import { type Context, isSpanContextValid, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type ReadableSpan,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { SPANS_BATCH_MAX, SPANS_DELAY_MS, SPANS_LAST_MS_MAX, SPANS_WAITING_MAX } from "../../base/limits.ts";
import type { Span, SpanSink } from "../../base/spans.ts";

export interface OtlpSettings {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly share: number;
  readonly isParentHeard: boolean;
  readonly instanceId: string;
  /** The collector did not take some. */
  readonly report: (error: string) => void;
}

export interface OtlpSpans extends SpanSink {
  /** Tells what is left, within a bound. */
  close(): Promise<void>;
}

type Exported = Parameters<SpanExporter["export"]>[1];
const PARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

export function openOtlpSpans(settings: OtlpSettings): OtlpSpans {
  const root = new TraceIdRatioBasedSampler(settings.share);
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      ...settings.attributes,
      "service.name": settings.serviceName,
      "service.instance.id": settings.instanceId,
    }),
    sampler: settings.isParentHeard
      ? new ParentBasedSampler({ root })
      : new ParentBasedSampler({ root, remoteParentSampled: root, remoteParentNotSampled: root }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: new TellingExporter(settings),
        maxQueueSize: SPANS_WAITING_MAX,
        maxExportBatchSize: SPANS_BATCH_MAX,
        scheduledDelayMillis: SPANS_DELAY_MS,
      }),
    ],
  });
  const tracer = provider.getTracer("stoa");
  const tell = (
    { name, startMs, endMs, attributes, hasFailed, parts }: Span,
    context: Context,
    kind: SpanKind,
  ): void => {
    const span = tracer.startSpan(name, { startTime: startMs, kind, attributes }, context);
    if (span.isRecording()) {
      if (hasFailed) span.setStatus({ code: SpanStatusCode.ERROR });
      const within = trace.setSpan(context, span);
      for (const part of parts) tell(part, within, SpanKind.INTERNAL);
    }
    span.end(endMs);
  };
  return {
    tell: (span, parent) => tell(span, contextOf(parent), SpanKind.SERVER),
    close: async () => {
      const late = new Promise<void>((resolve) => {
        setTimeout(resolve, SPANS_LAST_MS_MAX).unref();
      });
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
    },
  };
}

/** What cannot be read is no parent. */
function contextOf(parent: string | undefined): Context {
  const [, traceId = "", spanId = "", flags = ""] = PARENT.exec(parent ?? "") ?? [];
  const spanContext = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
  return isSpanContextValid(spanContext) ? trace.setSpanContext(ROOT_CONTEXT, spanContext) : ROOT_CONTEXT;
}

class TellingExporter extends OTLPTraceExporter {
  readonly #report: (error: string) => void;

  constructor({ url, headers, report }: OtlpSettings) {
    super({ url, headers: { ...headers } });
    this.#report = report;
  }

  override export(spans: ReadableSpan[], done: Exported): void {
    super.export(spans, (result) => {
      if (result.code !== 0) this.#report(result.error?.message ?? "the collector did not take them");
      done(result);
    });
  }
}
