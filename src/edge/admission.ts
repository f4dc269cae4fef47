/** What a connection's frames meet before they are routed: the rate limit, and the bounds on what comes too early or unreadable. */
import type { Clock } from "../base/clock.ts";
import { HELD_FRAMES_MAX, UNREADABLE_FRAMES_MAX } from "../base/limits.ts";
import type { Rejection } from "../protocol/errors.ts";
import type { Ref } from "../protocol/frames.ts";
import { type Connection, PAUSE } from "./connection.ts";
import { type Rate, TokenBucket } from "./rate-limit.ts";

/** Until the connection is greeted. */
export function holdFrame(connection: Connection, data: Uint8Array | string): void {
  connection.held ??= [];
  // Bun reuses the buffer of a message once its handler has returned.
  connection.held.push(typeof data === "string" ? data : data.slice());
  if (connection.held.length >= HELD_FRAMES_MAX) connection.pause(PAUSE.held);
}

/** false: too fast; it was told. */
export function admitFrame(clock: Clock, rate: Rate, connection: Connection, data: Uint8Array | string): boolean {
  const now = clock.monotonicMs();
  connection.bucket ??= new TokenBucket(rate, now);
  const retryAfterMs = connection.bucket.take(now);
  if (retryAfterMs === 0) return true;
  const header = connection.codec.peek(data);
  connection.reject({ code: "rate_limited", retryAfterMs }, header.ok ? header.value.ref : header.error.ref);
  // What was read already is refused; the rest stays in the client's own buffers until there is room again.
  connection.pause(PAUSE.rate);
  clock.after(retryAfterMs, () => connection.resume(PAUSE.rate));
  return false;
}

export function refuseUnreadable(connection: Connection, rejection: Rejection, ref: Ref | undefined): void {
  connection.reject(rejection, ref);
  connection.unreadableFrames += 1;
  if (connection.unreadableFrames > UNREADABLE_FRAMES_MAX) connection.dismiss("invalid_frames");
}
