/** Two nodes behind HAProxy with the settings in deploy/, restarted one after the other while people talk. */
import { expect, test } from "bun:test";
import { faultsOf, rollBehindProxy, WITHOUT_SERVICE_MS_MAX } from "../chaos/behind-proxy.ts";
import { keepsTo } from "../support/in-time.ts";
import { isThere } from "../support/programs.ts";

/** `npm run chaos:proxy` does the same with 1,000. */
const MESSAGES_PER_SECOND = 200;

const canRun = (await isThere("haproxy")) && (await isThere("redis-server"));

test.skipIf(!canRun)(
  "a rolling restart loses nothing, and nobody is without service for 5 s",
  async () => {
    await keepsTo(WITHOUT_SERVICE_MS_MAX, async (attempt) => {
      const result = await rollBehindProxy({ rate: MESSAGES_PER_SECOND, seed: 7 + attempt });
      expect(faultsOf({ ...result, withoutServiceMs: 0 })).toEqual([]);
      expect(result.acked).toBeGreaterThan(MESSAGES_PER_SECOND);
      return result.withoutServiceMs;
    });
  },
  240_000,
);
