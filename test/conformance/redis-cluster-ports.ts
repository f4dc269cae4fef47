/** All suites of the cluster's ports on one kind of Redis. */
import { SystemClock } from "../../src/base/clock.ts";
import { RedisBus } from "../../src/cluster/redis/redis-bus.ts";
import { RedisDirectory } from "../../src/cluster/redis/redis-directory.ts";
import { RedisMembership } from "../../src/cluster/redis/redis-membership.ts";
import { redisHarness } from "../support/redis-harness.ts";
import type { RedisUnderTest } from "../support/redis-servers.ts";
import { busConformance } from "./bus-suite.ts";
import { directoryConformance } from "./directory-suite.ts";
import { membershipConformance } from "./membership-suite.ts";

export function redisConformance(name: string, start: () => Promise<RedisUnderTest>): void {
  const on = redisHarness(start);
  const clock = new SystemClock();
  busConformance(
    name,
    on((settings) => {
      const port = new RedisBus({ settings, clock });
      return { port, close: () => port.stop() };
    }),
  );
  membershipConformance(
    name,
    on((settings) => {
      const port = new RedisMembership(settings, clock);
      return { port, close: () => port.close() };
    }),
  );
  directoryConformance(
    name,
    on((settings) => {
      const port = new RedisDirectory({ settings, clock, ttlMs: 300_000 });
      return { port, close: () => port.close() };
    }),
  );
}
