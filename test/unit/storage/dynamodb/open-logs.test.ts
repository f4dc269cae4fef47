/** The list of logs that may have to be followed: when a log is put on it, and when it may be taken off. */
import { expect, test } from "bun:test";
import { SeededRandom } from "../../../../src/base/prng.ts";
import { FOLLOW_REOPEN_MS } from "../../../../src/base/limits.ts";
import { DynamoApi } from "../../../../src/storage/dynamodb/dynamo-api.ts";
import { OpenLogs } from "../../../../src/storage/dynamodb/open-logs.ts";
import { LOG, logOf } from "../../../conformance/harness.ts";
import { EventQueue, VirtualClock } from "../../../sim/virtual-clock.ts";

function rig(answers: (command: { readonly input: Record<string, unknown> }) => unknown = () => ({})) {
  const queue = new EventQueue();
  const clock = new VirtualClock(queue, 1_750_000_000_000);
  const commands: Record<string, unknown>[] = [];
  const send = async (command: unknown) => {
    const known = command as { readonly input: Record<string, unknown> };
    commands.push(known.input);
    return answers(known);
  };
  const client = { send } as unknown as ConstructorParameters<typeof DynamoApi>[0]["client"];
  const api = new DynamoApi({ client, clock, random: new SeededRandom(1), report: () => undefined });
  return { queue, commands, open: new OpenLogs(api, "rooms", clock) };
}

test("a log is noted once, and again when that is so long ago that it might be taken off", async () => {
  const { open, queue, commands } = rig();
  expect(open.isNoted(LOG)).toBe(false);
  expect((await open.note(LOG)).ok).toBe(true);
  expect([open.isNoted(LOG), open.isNoted(logOf("other"))]).toEqual([true, false]);
  queue.runNext(FOLLOW_REOPEN_MS - 1);
  expect(open.isNoted(LOG)).toBe(true);
  queue.runNext(FOLLOW_REOPEN_MS);
  expect(open.isNoted(LOG)).toBe(false);
  await open.note(LOG);
  expect(commands.map((input) => (input["Item"] as { openedAt: { N: string } }).openedAt.N)).toEqual([
    "1750000000000",
    String(1_750_000_000_000 + FOLLOW_REOPEN_MS),
  ]);
});

test("a note that was not answered is none", async () => {
  const { open } = rig(() => {
    throw Object.assign(new Error("no"), { name: "InternalServerError", $metadata: { httpStatusCode: 500 } });
  });
  expect((await open.note(LOG)).ok).toBe(false);
  expect(open.isNoted(LOG)).toBe(false);
});

test("one that was put there again meanwhile stays", async () => {
  const failed = Object.assign(new Error("no"), { name: "ConditionalCheckFailedException" });
  const { open, commands } = rig(() => {
    throw failed;
  });
  expect(await open.remove({ log: LOG, head: undefined, openedAt: 5 })).toEqual({ ok: true, value: true });
  expect(commands[0]).toMatchObject({
    ConditionExpression: "openedAt = :at",
    ExpressionAttributeValues: { ":at": { N: "5" } },
  });
});
