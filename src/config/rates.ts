/** The part of the configuration that bounds how fast requests and connections may come. */
import type { Rate } from "../base/token-bucket.ts";
import type { EnvReader } from "./env-reader.ts";

export interface RatesConfig {
  /** Requests that one connection may make: steadily, and at once after a pause. */
  readonly rate: Rate;
  /** What is counted beyond one connection, on all nodes together; `undefined`: without a bound. */
  readonly limits: {
    readonly user: Rate | undefined;
    readonly tenant: Rate | undefined;
    /** What people write in one room. */
    readonly room: Rate | undefined;
    /** Attempts to connect. */
    readonly connectsOfUser: Rate | undefined;
    readonly connectsOfAddress: Rate | undefined;
  };
}

const RATE_MAX = 1_000_000;
/** A person has a phone and a desk. */
const CONNECTIONS_PER_PERSON = 2;
/** Seconds of the steady rate that may come at once, where nobody says how much. */
const BURST_SECONDS = 4;

export function readRates(reader: EnvReader): RatesConfig {
  const rate = {
    perSecond: reader.whole("STOA_RATE_PER_SECOND", { min: 1, max: RATE_MAX, fallback: 50 }),
    burst: reader.whole("STOA_RATE_BURST", { min: 1, max: RATE_MAX, fallback: 200 }),
  };
  const twice = (number: number): number => Math.min(RATE_MAX, CONNECTIONS_PER_PERSON * number);
  const perSecond = (name: string, fallback: number, burst?: number): Rate | undefined => {
    const each = reader.whole(`STOA_RATE_${name}_PER_SECOND`, { min: 0, max: RATE_MAX, fallback, unit: "0: no bound" });
    const brim = Math.min(RATE_MAX, burst ?? BURST_SECONDS * Math.max(1, each));
    const atOnce = reader.whole(`STOA_RATE_${name}_BURST`, { min: 1, max: RATE_MAX, fallback: brim });
    return each === 0 ? undefined : { perSecond: each, burst: atOnce };
  };
  const perMinute = (name: string, fallback: number, burst: number): Rate | undefined => {
    const each = reader.whole(`STOA_CONNECTS_${name}_PER_MINUTE`, {
      min: 0,
      max: RATE_MAX,
      fallback,
      unit: "0: no bound",
    });
    const atOnce = reader.whole(`STOA_CONNECTS_${name}_BURST`, { min: 1, max: RATE_MAX, fallback: burst });
    return each === 0 ? undefined : { perSecond: each / 60, burst: atOnce };
  };
  return {
    rate,
    limits: {
      user: perSecond("USER", twice(rate.perSecond), twice(rate.burst)),
      tenant: perSecond("TENANT", 0),
      room: perSecond("ROOM", 0),
      connectsOfUser: perMinute("USER", 60, 120),
      connectsOfAddress: perMinute("ADDRESS", 6_000, 3_000),
    },
  };
}
