/** DynamoDB's operations as results: what is tried again, how often, and what is said about it. */
import { describe, expect, test } from "bun:test";
import type { Clock } from "../../../../src/base/clock.ts";
import { DYNAMO_ATTEMPTS_MAX } from "../../../../src/base/limits.ts";
import { SeededRandom } from "../../../../src/base/prng.ts";
import { DynamoApi, type DynamoApiParts } from "../../../../src/storage/dynamodb/dynamo-api.ts";
import { serviceError } from "../../../support/dynamodb-client.ts";

type Requests = { readonly [table: string]: { readonly Keys: { readonly sk: { readonly S: string } }[] } };

/** Timers fire at once and are noted; long ones, the time limits, never do. */
class HastyClock implements Clock {
  readonly pauses: number[] = [];
  nowMs = 0;

  wallMs(): number {
    return this.nowMs;
  }

  monotonicMs(): number {
    return this.nowMs;
  }

  after(delayMs: number, run: () => void): { cancel(): void } {
    if (delayMs < 2_000) {
      this.pauses.push(delayMs);
      queueMicrotask(run);
    }
    return { cancel: () => undefined };
  }
}

function apiOn(answer: (input: Record<string, unknown>) => unknown): {
  api: DynamoApi;
  clock: HastyClock;
  reports: string[];
} {
  const clock = new HastyClock();
  const reports: string[] = [];
  const send = (command: { input: Record<string, unknown> }) => Promise.resolve(command.input).then(answer);
  const client = { send } as unknown as DynamoApiParts["client"];
  const report: DynamoApiParts["report"] = (_, details) => reports.push(String(details["kind"]));
  return { api: new DynamoApi({ client, clock, random: new SeededRandom(1), report }), clock, reports };
}

describe("DynamoDB's operations", () => {
  const keys = Array.from({ length: 150 }, (_, index) => ({ pk: "p", sk: String(index) }));

  test("keys that a batch left over are asked for again until all are answered", async () => {
    let requests = 0;
    const { api, clock } = apiOn((input) => {
      requests += 1;
      const { Keys } = (input["RequestItems"] as Requests)["t"] ?? { Keys: [] };
      const taken = Keys.slice(0, 40);
      const left = Keys.slice(40);
      return { Responses: { t: taken }, ...(left.length > 0 && { UnprocessedKeys: { t: { Keys: left } } }) };
    });
    const read = await api.getAll("t", keys);
    const found = read.ok ? read.value.map((item) => item["sk"]?.S) : [];
    expect(found.toSorted()).toEqual(keys.map(({ sk }) => sk).toSorted());
    expect(requests).toBe(3 + 2);
    // Each answer brought something: there is nothing to wait for.
    expect(clock.pauses).toEqual([]);
  });

  test("a batch that brings nothing is asked ever more slowly, and given up", async () => {
    const { api, clock } = apiOn((input) => ({ Responses: {}, UnprocessedKeys: input["RequestItems"] }));
    expect(await api.getAll("t", keys.slice(0, 1))).toEqual({ ok: false, error: "throttled" });
    expect(clock.pauses).toHaveLength(DYNAMO_ATTEMPTS_MAX);
    for (const [attempt, pause] of clock.pauses.entries()) expect(pause).toBeLessThanOrEqual(25 * 2 ** attempt);
    // Full jitter: anything between nothing and the bound.
    expect(new Set(clock.pauses).size).toBe(DYNAMO_ATTEMPTS_MAX);
  });

  test("each failure has its kind, and only throttling is tried again", async () => {
    const kinds = [
      [serviceError("ConditionalCheckFailedException", 400), "condition", 1],
      [serviceError("ThrottlingException", 400), "throttled", DYNAMO_ATTEMPTS_MAX],
      [serviceError("ValidationException", 400), "refused", 1],
      [serviceError("AccessDeniedException", 400), "refused", 1],
      [serviceError("InternalServerError", 500), "unavailable", 1],
      [new TypeError("ECONNRESET"), "unavailable", 1],
    ] as const;
    for (const [thrown, kind, attempts] of kinds) {
      let requests = 0;
      const { api } = apiOn(() => {
        requests += 1;
        throw thrown;
      });
      expect(await api.put("t", {})).toEqual({ ok: false, error: kind });
      expect(requests).toBe(attempts);
    }
  });

  test("the operator is told once a minute of each kind, and never of a condition", async () => {
    let thrown = serviceError("InternalServerError", 500);
    const { api, clock, reports } = apiOn(() => {
      throw thrown;
    });
    for (let i = 0; i < 5; i += 1) await api.put("t", {});
    expect(reports).toEqual(["unavailable"]);
    thrown = serviceError("AccessDeniedException", 400);
    await api.put("t", {});
    clock.nowMs += 60_000;
    await api.put("t", {});
    thrown = serviceError("ConditionalCheckFailedException", 400);
    await api.put("t", {});
    expect(reports).toEqual(["unavailable", "refused", "refused"]);
  });
});
