/** Exports and imports that stop in the middle, and files that are none of ours. */
import { afterAll, describe, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { appendFileSync, closeSync, copyFileSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import type { RoomId, TenantId, UserId } from "../../../src/base/ids.ts";
import { CAPSULE_COMMIT_EVENTS, SEGMENT_BYTES_MAX, SEGMENT_EVENTS_MAX } from "../../../src/base/limits.ts";
import { CapsuleReader } from "../../../src/capsule/capsule-reader.ts";
import { exportRoom, type Store } from "../../../src/capsule/export-room.ts";
import { importRoom } from "../../../src/capsule/import-room.ts";
import type { LogTail, Segment } from "../../../src/storage/journal.ts";
import { writePast } from "../../../bench/micro/past.ts";
import { appendNow, ask, segment } from "../../conformance/harness.ts";
import { CapsuleRig, taken } from "./capsule-rig.ts";

const ROOM = "past" as RoomId;
const TENANT = "default" as TenantId;
const MESSAGES = CAPSULE_COMMIT_EVENTS + 10_000;

class Interrupted extends Error {}

/** Throws once so much is done. */
function interruptAfter(seq: number): (done: number) => void {
  return (done) => {
    if (done >= seq) throw new Interrupted();
  };
}

describe("a long export or import", async () => {
  const rig = new CapsuleRig();
  afterAll(() => rig.close());
  const source = rig.sqlite("source");
  const members = ["ann", "bob"] as UserId[];
  const past = { room: ROOM, members, messages: MESSAGES, endMs: 1_700_000_000_000, tailEvents: 100, reactionEvery: 7 };
  await writePast(source.journal, past);
  const whole = await rig.exported(source, { tenant: TENANT, room: ROOM });

  test("goes on where it was interrupted, and comes to the same file", async () => {
    const file = rig.newFile();
    const options = { tenant: TENANT, room: ROOM, identities: true };
    const interrupted = { ...options, onProgress: interruptAfter(CAPSULE_COMMIT_EVENTS + 5_000) };
    await expect(exportRoom(source, file, interrupted)).rejects.toThrow(Interrupted);
    expect(CapsuleReader.open(file)).toMatchObject({ ok: false, error: expect.stringContaining("was not finished") });
    const steps: number[] = [];
    const made = await exportRoom(source, file, { ...options, onProgress: (done) => steps.push(done) });
    expect(taken(made).hash).toBe(whole.hash);
    expect(steps[0]).toBeGreaterThan(CAPSULE_COMMIT_EVENTS);
  });

  test("does not go on with a file that was begun for something else", async () => {
    const file = rig.newFile();
    const interrupted = { tenant: TENANT, room: ROOM, identities: true, onProgress: interruptAfter(70_000) };
    await expect(exportRoom(source, file, interrupted)).rejects.toThrow(Interrupted);
    const other = await exportRoom(source, file, { tenant: TENANT, room: ROOM, identities: false });
    expect(other).toMatchObject({ ok: false, error: expect.stringContaining("begun for something else") });
  });

  test("packs the log into segments of the largest size", () => {
    const db = new Database(whole.file, { readonly: true });
    const largest = db.prepare(
      "SELECT max(last_seq - first_seq + 1) AS events, max(length(entries)) AS bytes FROM segment",
    );
    const { events, bytes } = largest.get() as { events: number; bytes: number };
    db.close();
    expect(events).toBeLessThanOrEqual(SEGMENT_EVENTS_MAX);
    expect(events).toBeGreaterThan(SEGMENT_EVENTS_MAX - 60);
    expect(bytes).toBeLessThanOrEqual(SEGMENT_BYTES_MAX);
  });

  test("is taken up by the next import of the same capsule, and one that is whole is left as it is", async () => {
    const target = rig.sqlite("resumed");
    const capsule = taken(CapsuleReader.open(whole.file));
    const options = { tenant: TENANT, room: ROOM };
    const interrupted = { ...options, onProgress: interruptAfter(30_000) };
    await expect(importRoom(target, capsule, interrupted)).rejects.toThrow(Interrupted);
    const steps: number[] = [];
    const onProgress = (done: number): number => steps.push(done);
    expect(await importRoom(target, capsule, { ...options, onProgress })).toMatchObject({
      value: { lastSeq: whole.lastSeq, isRepeated: false },
    });
    expect(steps[0]).toBeGreaterThan(30_000);
    expect(await importRoom(target, capsule, options)).toMatchObject({ value: { isRepeated: true } });
    capsule.close();
    const again = await rig.exported(target, { tenant: TENANT, room: ROOM });
    expect(again.hash).toBe(whole.hash);
  });

  test("is refused where there is a room, and where somebody wrote meanwhile", async () => {
    const target = rig.sqlite("taken");
    const capsule = taken(CapsuleReader.open(whole.file));
    const log = { tenant: TENANT, room: ROOM, incarnation: 1 };
    const options = { tenant: TENANT, room: ROOM };
    let written: Promise<unknown> | undefined;
    const onProgress = (done: number): void => {
      written ??= appendNow(target.journal, log, segment(done + 1));
    };
    const refused = await importRoom(target, capsule, { ...options, onProgress });
    expect(refused).toMatchObject({ ok: false, error: expect.stringContaining("somebody wrote to room past") });
    expect(await written).toBe("written");
    const second = await importRoom(target, capsule, options);
    expect(second).toMatchObject({ ok: false, error: "there is a room past already: name another one with --room" });
    capsule.close();
  });

  test("asks a store again that does not answer, and gives up with a sentence", async () => {
    let reads = 0;
    const failing: Store = {
      projections: source.projections,
      journal: new Proxy(source.journal, {
        get: (journal, name) =>
          name === "readTail"
            ? (...args: [never, (read: unknown) => void]) => {
                reads += 1;
                if (reads > 2) journal.readTail(...(args as unknown as Parameters<typeof journal.readTail>));
                else args[1]({ ok: false, error: "unavailable" });
              }
            : Reflect.get(journal, name).bind(journal),
      }),
    };
    const made = await exportRoom(failing, rig.newFile(), { tenant: TENANT, room: ROOM, identities: true, until: 50 });
    expect(taken(made).lastSeq).toBe(50);
    expect(reads).toBe(3);
  });

  test("ends with a sentence where there is no room, none yet, or no such sequence", async () => {
    const options = { tenant: TENANT, room: ROOM, identities: true };
    const said = async (changes: object): Promise<unknown> => {
      const made = await exportRoom(source, rig.newFile(), { ...options, ...changes });
      return made.ok ? made.value : made.error;
    };
    expect(await said({ room: "none" })).toBe("there is no room none of tenant default");
    expect(await said({ tenant: "b" })).toBe("there is no room past of tenant b");
    expect(await said({ until: 1 })).toBe("at 1 there was no room past yet");
    expect(await said({ until: 10_000_000 })).toBe(`room past has ${whole.lastSeq} events, not 10000000`);
  });

  test("leaves a snapshot of its end, so that whoever opens the room replays nothing", async () => {
    const target = rig.sqlite("tail");
    await rig.imported(target, whole.file, TENANT, ROOM);
    const log = { tenant: TENANT, room: ROOM, incarnation: 1 };
    const tail = await ask<LogTail>((done) => target.journal.readTail(log, done));
    expect(tail.snapshot?.seq).toBe(whole.lastSeq);
    const range = { from: 1, to: 1, eventsMax: 1 };
    const [first] = await ask<readonly Segment[]>((done) => target.journal.readRange(log, range, done));
    expect(first?.firstSeq).toBe(1);
  });

  describe("of a file that is no whole capsule", () => {
    const refusal = (file: string): string => {
      const opened = CapsuleReader.open(file);
      if (!opened.ok) return opened.error.replace(file, "FILE");
      opened.value.close();
      return "it was taken";
    };
    /** A copy that something was done to. */
    const changed = (change: (db: Database) => void): string => {
      const file = rig.newFile();
      copyFileSync(whole.file, file);
      const db = new Database(file, { readwrite: true });
      change(db);
      db.close();
      return refusal(file);
    };

    test("is refused when it is another file", () => {
      const file = rig.newFile();
      expect(refusal(file)).toStartWith("FILE cannot be read: ENOENT");
      writeFileSync(file, "");
      expect(refusal(file)).toBe("FILE is empty");
      appendFileSync(file, "hello");
      expect(refusal(file)).toBe("FILE is no capsule: it is no SQLite file");
      const other = rig.newFile();
      const db = new Database(other, { create: true });
      db.run("CREATE TABLE a (b)");
      db.close();
      expect(refusal(other)).toBe("FILE is no capsule, but another SQLite file");
    });

    test("is refused when a newer version made it", () => {
      expect(changed((db) => db.run("PRAGMA user_version = 2"))).toBe(
        "FILE is a capsule of version 2; this program knows 1. Use a newer one",
      );
    });

    test("is refused when something is missing or changed, and told what", () => {
      expect(changed((db) => db.run("DELETE FROM member WHERE user_id = 'bob'"))).toBe(
        "FILE is damaged: it has 1 members, and should have 2",
      );
      expect(changed((db) => db.run("UPDATE segment SET last_seq = last_seq - 1 WHERE first_seq = 1"))).toStartWith(
        "FILE is damaged: its log has a gap before ",
      );
      expect(changed((db) => db.run("UPDATE member SET row = replace(row, 'bob', 'bop')"))).toBe(
        "FILE is damaged: its contents do not fit its fingerprint",
      );
    });

    test("is refused when its pages are damaged or cut off", () => {
      const file = rig.newFile();
      copyFileSync(whole.file, file);
      const handle = openSync(file, "r+");
      writeSync(handle, Buffer.alloc(64 * 1024, 0x5a), 0, 64 * 1024, 40 * 4096);
      closeSync(handle);
      expect(refusal(file)).toStartWith("FILE is damaged: ");
      const cut = rig.newFile();
      writeFileSync(cut, readFileSync(whole.file).subarray(0, 100_000));
      expect(refusal(cut)).toStartWith("FILE is damaged: ");
    });
  });
});
