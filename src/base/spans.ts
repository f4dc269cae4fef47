/**
 * What is told of a request or a message that was followed: spans of time, one within another, when all of it is over.
 * Invariant: no span names a tenant, a room or a person, or has anything of what was said.
 */

export interface Span {
  readonly name: string;
  /** Wall clock, milliseconds since 1970, with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly hasFailed: boolean;
  /** Within this one. */
  readonly parts: readonly Span[];
}

/** Takes what is to be told, and tells it in its own time. Never throws, never waits. */
export interface SpanSink {
  /** `parent`: the header `traceparent` of whoever asked. */
  tell(span: Span, parent?: string): void;
}
