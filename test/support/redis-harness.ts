/** The conformance harness of a Redis adapter: each test on the same servers, emptied, with adapters of its own. */
import { afterAll, beforeAll } from "bun:test";
import type { RedisSettings } from "../../src/cluster/redis/redis-options.ts";
import { type ClusterHarness, TEST_MS_MAX } from "../conformance/cluster-harness.ts";
import type { RedisUnderTest } from "./redis-servers.ts";

interface Closeable<Port> {
  readonly port: Port;
  close(): void | Promise<void>;
}

/** Starts the servers before the first test of the file and ends them after the last one. */
export function redisHarness(start: () => Promise<RedisUnderTest>) {
  let redis: RedisUnderTest | undefined;
  beforeAll(async () => {
    redis = await start();
  }, TEST_MS_MAX);
  afterAll(async () => {
    await redis?.dispose();
  }, TEST_MS_MAX);
  return function harnessOf<Port>(make: (settings: RedisSettings) => Closeable<Port>) {
    return async (): Promise<ClusterHarness<Port>> => {
      if (redis === undefined) throw new Error("the servers are not started");
      const { settings, flush, silence } = redis;
      await flush();
      const made: Closeable<Port>[] = [];
      return {
        open: async () => {
          const one = make(settings());
          made.push(one);
          return one.port;
        },
        flush,
        silence: async (isSilent) => silence(isSilent),
        close: async () => {
          silence(false);
          await Promise.all(made.map((one) => one.close()));
        },
      };
    };
  };
}
