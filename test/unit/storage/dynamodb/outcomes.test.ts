/** What the ports answer when DynamoDB answers late, wrongly, or not at all. */
import { describe, expect, test } from "bun:test";
import { DYNAMO_ATTEMPTS_MAX } from "../../../../src/base/limits.ts";
import type { LogTail, Segment, Snapshot } from "../../../../src/storage/journal.ts";
import type { Mark } from "../../../../src/storage/projections.ts";
import {
  append,
  appendNow,
  ask,
  bytesOf,
  card,
  LOG,
  member,
  ROOM,
  segment,
  TENANT,
  user,
} from "../../../conformance/harness.ts";
import { DynamoFaultProxy } from "../../../chaos/dynamodb-fault-proxy.ts";
import { serviceError } from "../../../support/dynamodb-client.ts";
import { dynamoSetup, type Node } from "./setup.ts";

const THROTTLE = serviceError("ProvisionedThroughputExceededException", 400);

describe("DynamoDB in trouble", () => {
  const { node, server, tables } = dynamoSetup();
  const tail = (on: Node) => ask<LogTail>((done) => on.journal.readTail(LOG, done));
  const standing = (on: Node, firstSeq: number) =>
    ask<Segment | undefined>((done) => on.journal.readSegment(LOG, firstSeq, done));
  const failing = (on: Node, name: string, error: () => Error | undefined) => {
    on.client.meddling = {
      before: async (command) => {
        const thrown = command.name === name ? error() : undefined;
        if (thrown !== undefined) throw thrown;
      },
    };
  };

  test("an append that was done but not answered is unknown, and is found to be written", async () => {
    const one = node();
    one.client.meddling = {
      after: ({ name }) => {
        if (name === "PutItem") throw new TypeError("the socket was closed");
      },
    };
    const rows = [card("group"), member("ada")];
    expect(await append(one.journal, LOG, segment(1), rows)).toBe("unknown");
    one.client.meddling = {};
    expect((await standing(one, 1))?.batchId).toBe("batch-1");
    expect(await append(one.journal, LOG, segment(1), rows)).toBe("written");
    expect((await tail(one)).segments).toHaveLength(1);
    expect(await ask((done) => one.journal.readMembers(LOG, [user("ada")], done))).toMatchObject([{ role: "member" }]);
  });

  test("an append that is found in its place without being repeated has its rows read and written, too", async () => {
    const one = node();
    one.client.meddling = {
      after: ({ name }) => {
        if (name === "PutItem") throw new TypeError("the socket was closed");
      },
    };
    expect(await append(one.journal, LOG, segment(1), [card("group"), member("ada")])).toBe("unknown");
    one.client.meddling = {};
    const ada = (on: Node) => ask((done) => on.journal.readMembers(LOG, [user("ada")], done));
    expect(await ada(one)).toEqual([null]);
    expect((await standing(one, 1))?.batchId).toBe("batch-1");
    expect(await ada(one)).toMatchObject([{ role: "member" }]);
    await one.close();
    expect(await ada(node())).toMatchObject([{ role: "member" }]);
  });

  test("an append whose place cannot be looked at after a refusal is unknown", async () => {
    const [one, other] = [node(), node()];
    await appendNow(one.journal, LOG, segment(1));
    failing(other, "GetItem", () => serviceError("InternalServerError", 500));
    expect(await append(other.journal, LOG, segment(1, 1, { batchId: "mine" }))).toBe("unknown");
    other.client.meddling = {};
    expect(await append(other.journal, LOG, segment(1, 1, { batchId: "mine" }))).toBe("fenced");
  });

  test("an append that gets an error of the server is unknown", async () => {
    const one = node();
    failing(one, "PutItem", () => serviceError("InternalServerError", 500));
    expect(await append(one.journal, LOG, segment(1))).toBe("unknown");
    expect(one.client.count("PutItem")).toBe(1);
    expect(one.reports).toEqual([
      { event: "dynamodb_trouble", details: expect.objectContaining({ kind: "unavailable" }) },
    ]);
  });

  test("an append that is not answered is unknown after the time given, and may still land", async () => {
    const one = node({ requestMsMax: 100 });
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    one.client.meddling = { before: ({ name }) => (name === "PutItem" ? held : undefined) };
    expect(await append(one.journal, LOG, segment(1))).toBe("unknown");
    expect(await standing(one, 1)).toBeUndefined();
    const other = node();
    expect(await append(other.journal, LOG, segment(1, 1, { batchId: "other" }))).toBe("written");
    one.client.meddling = {};
    goOn();
    expect(await append(one.journal, LOG, segment(1))).toBe("fenced");
    expect((await standing(one, 1))?.batchId).toBe("other");
  });

  test("an append that is throttled is tried again, ever more slowly, and then unknown", async () => {
    const one = node();
    let left = 3;
    failing(one, "PutItem", () => {
      left -= 1;
      return left >= 0 ? THROTTLE : undefined;
    });
    expect(await append(one.journal, LOG, segment(1))).toBe("written");
    expect(one.client.count("PutItem")).toBe(4);
    failing(one, "PutItem", () => THROTTLE);
    expect(await append(one.journal, LOG, segment(2))).toBe("unknown");
    expect(one.client.count("PutItem")).toBe(4 + DYNAMO_ATTEMPTS_MAX);
  });

  test("an append without a table, or that may not write, is unknown, and the operator is told why", async () => {
    const one = node({ messagesTable: "not-there" });
    expect(await append(one.journal, LOG, segment(1))).toBe("unknown");
    expect(String(one.reports[0]?.details["error"])).toContain("ResourceNotFoundException");
    expect(await new Promise((resolve) => one.journal.readTail(LOG, resolve))).toEqual({
      ok: false,
      error: "unavailable",
    });
  });

  test("an append that no item can hold is full, which is certainly not written", async () => {
    const one = node();
    expect(await append(one.journal, LOG, segment(1, 1, { entries: bytesOf(1, 390_000) }))).toBe("full");
    expect(await standing(one, 1)).toBeUndefined();
  });

  test("after closing nothing is written any more", async () => {
    const one = node();
    await one.close();
    expect(await append(one.journal, LOG, segment(1))).toBe("unknown");
    expect(await standing(node(), 1)).toBeUndefined();
  });

  test("closing waits for the append that is under way", async () => {
    const one = node();
    const outcome = append(one.journal, LOG, segment(1));
    await one.close();
    expect(await outcome).toBe("written");
  });

  describe("snapshots", () => {
    const save = (on: Node, seq: number, length: number) =>
      ask<true>((done) => on.journal.saveSnapshot(LOG, { seq, bytes: bytesOf(seq, length) }, done));
    const snapshot = async (on: Node): Promise<Snapshot | undefined> => (await tail(on)).snapshot;

    test("larger than an item are stored in parts and read whole", async () => {
      const one = node();
      await save(one, 1, 1_500_000);
      const read = await snapshot(one);
      expect(Buffer.compare(read?.bytes ?? new Uint8Array(), bytesOf(1, 1_500_000))).toBe(0);
    });

    test("of which batches leave parts over are stored whole all the same", async () => {
      const proxy = await DynamoFaultProxy.start(server().endpoint, 3);
      proxy.set({ partialBatch: 0.8 });
      const one = node({ endpoint: proxy.endpoint });
      for (let seq = 1; seq <= 2; seq += 1) await save(one, seq, 800_000);
      expect(proxy.counts.partialBatch).toBeGreaterThan(2);
      expect(Buffer.compare((await snapshot(node()))?.bytes ?? new Uint8Array(), bytesOf(2, 800_000))).toBe(0);
      await one.close();
      await proxy.stop();
    }, 20_000);

    test("are the former one until the new one is whole", async () => {
      const one = node();
      await save(one, 1, 900_000);
      failing(one, "PutItem", () => serviceError("InternalServerError", 500));
      const saved = await new Promise((resolve) =>
        one.journal.saveSnapshot(LOG, { seq: 2, bytes: bytesOf(2, 900_000) }, resolve),
      );
      expect(saved).toEqual({ ok: false, error: "unavailable" });
      expect((await snapshot(one))?.seq).toBe(1);
    });

    test("leave no parts behind, neither of older ones nor of saves that failed", async () => {
      const one = node();
      await save(one, 1, 900_000);
      failing(one, "PutItem", () => serviceError("InternalServerError", 500));
      await new Promise((resolve) => one.journal.saveSnapshot(LOG, { seq: 2, bytes: bytesOf(2, 900_000) }, resolve));
      one.client.meddling = {};
      await save(one, 3, 900_000);
      await save(one, 2, 900_000);
      expect(await partsIn(one)).toBe(3);
      await save(one, 4, 10);
      expect(await partsIn(one)).toBe(0);
      expect((await snapshot(one))?.seq).toBe(4);
    });

    async function partsIn(one: Node): Promise<number> {
      const { QueryCommand } = await import("@aws-sdk/client-dynamodb");
      const found = await one.client.send(
        new QueryCommand({
          TableName: tables().location.messagesTable,
          KeyConditionExpression: "pk = :pk",
          ExpressionAttributeValues: { ":pk": { S: `P#${TENANT}#${ROOM}#1` } },
        }),
        {},
      );
      return found.Count ?? -1;
    }
  });

  describe("marks", () => {
    const mark = (readSeq: number, deliveredSeq: number): Mark => ({
      tenant: TENANT,
      room: ROOM,
      userId: user("ada"),
      readSeq,
      readNo: readSeq,
      deliveredSeq,
    });

    test("of several nodes at once end where the furthest of each watermark is", async () => {
      const nodes = [node(), node(), node()];
      await appendNow((nodes[0] as Node).journal, LOG, segment(1), [card("group"), member("ada")]);
      const writes = Array.from({ length: 12 }, (_, index) => {
        const on = nodes[index % nodes.length] as Node;
        return ask<true>((done) =>
          on.projections.writeMarks([mark(((index * 5) % 12) + 1, ((index * 7) % 12) + 1)], done),
        );
      });
      await Promise.all(writes);
      const read = await ask((done) => node().projections.readMarks(TENANT, ROOM, [user("ada")], done));
      expect(read).toEqual([mark(12, 12)]);
    });

    test("that go forward cost one write and no read", async () => {
      const one = node();
      await appendNow(one.journal, LOG, segment(1), [card("group"), member("ada")]);
      one.client.sent.length = 0;
      await ask<true>((done) => one.projections.writeMarks([mark(1, 1), mark(2, 3)], done));
      expect(one.client.sent.map(({ name }) => name)).toEqual(["UpdateItem"]);
    });

    test("that cannot be written are unavailable, and are written the next time", async () => {
      const one = node();
      await appendNow(one.journal, LOG, segment(1), [card("group"), member("ada")]);
      failing(one, "UpdateItem", () => serviceError("InternalServerError", 500));
      const saved = await new Promise((resolve) => one.projections.writeMarks([mark(3, 3)], resolve));
      expect(saved).toEqual({ ok: false, error: "unavailable" });
      one.client.meddling = {};
      expect(await ask<true>((done) => one.projections.writeMarks([mark(3, 3)], done))).toBe(true);
    });
  });
});
