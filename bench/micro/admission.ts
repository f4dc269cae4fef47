/**
 * What rate limits cost a frame at the edge: the connection's own bucket alone, and with those of its user and its tenant.
 * `bun bench/micro/admission.ts`
 */
import { SystemClock } from "../../src/base/clock.ts";
import type { TenantId, UserId } from "../../src/base/ids.ts";
import { admitFrame } from "../../src/edge/sockets/admission.ts";
import type { Connection } from "../../src/edge/sockets/connection.ts";
import { Rates } from "../../src/edge/rates/rates.ts";

const FRAMES = 5_000_000;
const RATE = { perSecond: 1_000_000_000, burst: 1_000_000_000 };
const principal = { tenant: "t" as TenantId, userId: "ann" as UserId, role: "user" as const };
const clock = new SystemClock();
const data = new Uint8Array(8);

function run(name: string, rates: Rates | undefined): void {
  // Only what admission looks at.
  const connection = { bucket: undefined, share: undefined } as unknown as Connection;
  const start = performance.now();
  for (let i = 0; i < FRAMES; i += 1) admitFrame({ clock, rate: RATE, rates }, connection, principal, data);
  console.log(`${name}: ${(((performance.now() - start) * 1e6) / FRAMES).toFixed(1)} ns a frame`);
}

const NONE = { connectsOfUser: undefined, connectsOfAddress: undefined };
for (let i = 0; i < 3; i += 1) {
  run("connection alone", undefined);
  run("and its user", new Rates({ clock, settings: { user: RATE, tenant: undefined, ...NONE } }));
  run("and its tenant", new Rates({ clock, settings: { user: RATE, tenant: RATE, ...NONE } }));
  run("and other nodes", new Rates({ clock, settings: { user: RATE, tenant: RATE, ...NONE }, tell: () => undefined }));
}
process.exit(0);
