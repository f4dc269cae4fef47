/** What a connection's frames meet before they are routed: rate limits, and the bounds on what comes too early or unreadable. */
import type { Clock } from "../../base/clock.ts";
import { FLOOD_PAUSE_MS, HELD_FRAMES_MAX, UNREADABLE_FRAMES_MAX } from "../../base/limits.ts";
import { type Rate, TokenBucket } from "../../base/token-bucket.ts";
import type { Principal } from "../../domain/principal.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Ref } from "../../protocol/frames.ts";
import { type Connection, PAUSE, type PauseReason } from "./connection.ts";
import { Flood } from "../rates/flood.ts";
import type { Rates } from "../rates/rates.ts";

/** Until the connection is greeted. */
export function holdFrame(connection: Connection, data: Uint8Array | string): void {
  connection.held ??= [];
  // Bun reuses the buffer of a message once its handler has returned.
  connection.held.push(typeof data === "string" ? data : data.slice());
  if (connection.held.length >= HELD_FRAMES_MAX) connection.pause(PAUSE.held);
}

export interface AdmissionPorts {
  readonly clock: Clock;
  /** Of one connection. */
  readonly rate: Rate;
  readonly rates?: Pick<Rates, "hold" | "waitMs" | "take"> | undefined;
}

/** false: too fast; it was told. What is refused takes nothing from what the person and the tenant may ask. */
export function admitFrame(
  ports: AdmissionPorts,
  connection: Connection,
  principal: Principal,
  data: Uint8Array | string,
): boolean {
  const { rate, rates, clock } = ports;
  const now = clock.monotonicMs();
  connection.bucket ??= new TokenBucket(rate, now);
  const ownMs = connection.bucket.waitMs(now);
  if (rates === undefined) {
    if (ownMs > 0) return refuseFast(ports, connection, data, ownMs, now);
  } else {
    connection.share ??= rates.hold(principal);
    const sharedMs = rates.waitMs(connection.share, now);
    if (ownMs > 0) return refuseFast(ports, connection, data, Math.max(ownMs, sharedMs), now);
    if (sharedMs > 0) return slowDown(clock, connection, data, sharedMs, PAUSE.rate);
    rates.take(connection.share, now);
  }
  connection.bucket.take(now);
  return true;
}

/** Its own bucket is empty: who goes on and on is cut off. */
function refuseFast(
  { clock, rate }: AdmissionPorts,
  connection: Connection,
  data: Uint8Array | string,
  waitMs: number,
  now: number,
): false {
  connection.flood ??= new Flood(rate, now);
  const verdict = connection.flood.refused(now);
  if (verdict.kind === "wait") return slowDown(clock, connection, data, waitMs, PAUSE.rate);
  if (verdict.kind === "pause") return slowDown(clock, connection, data, Math.max(waitMs, verdict.ms), PAUSE.flood);
  tellTooFast(connection, data, FLOOD_PAUSE_MS);
  connection.dismiss("flooding");
  return false;
}

/** What was read already is refused; the rest stays in the client's own buffers until there is room again. */
function slowDown(
  clock: Clock,
  connection: Connection,
  data: Uint8Array | string,
  waitMs: number,
  reason: PauseReason,
): false {
  tellTooFast(connection, data, waitMs);
  connection.pause(reason);
  clock.after(waitMs, () => connection.resume(reason));
  return false;
}

function tellTooFast(connection: Connection, data: Uint8Array | string, retryAfterMs: number): void {
  const header = connection.codec.peek(data);
  connection.reject({ code: "rate_limited", retryAfterMs }, header.ok ? header.value.ref : header.error.ref);
}

export function refuseUnreadable(connection: Connection, rejection: Rejection, ref: Ref | undefined): void {
  connection.reject(rejection, ref);
  connection.unreadableFrames += 1;
  if (connection.unreadableFrames > UNREADABLE_FRAMES_MAX) connection.dismiss("invalid_frames");
}
