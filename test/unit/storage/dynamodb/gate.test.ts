/** So many at once, in order, and a place is never lost. */
import { describe, expect, test } from "bun:test";
import { Gate } from "../../../../src/storage/dynamodb/gate.ts";

describe("a gate", () => {
  test("lets no more work run at once than it says, and all of it in order", async () => {
    const gate = new Gate(3);
    let running = 0;
    let most = 0;
    const started: number[] = [];
    const work = Array.from({ length: 5_000 }, (_, index) =>
      gate.run(async () => {
        started.push(index);
        running += 1;
        most = Math.max(most, running);
        await Promise.resolve();
        running -= 1;
      }),
    );
    await Promise.all(work);
    expect(most).toBe(3);
    expect(started).toEqual(Array.from({ length: 5_000 }, (_, index) => index));
  });

  test("gives the place of work that failed to the next", async () => {
    const gate = new Gate(1);
    const failed = gate.run(() => Promise.reject(new Error("no")));
    const next = gate.run(() => Promise.resolve("yes"));
    expect(failed).rejects.toThrow("no");
    expect(await next).toBe("yes");
    expect(await gate.run(() => Promise.resolve("again"))).toBe("again");
  });

  test("lets less through while it goes badly, never nothing, and all of it again when it goes well", async () => {
    const gate = new Gate(64);
    const once = (went: "well" | "badly"): Promise<unknown> =>
      gate.run(
        () => Promise.resolve(went),
        (value) => value,
      );
    const many = (went: "well" | "badly", count: number): Promise<unknown> =>
      Promise.all(Array.from({ length: count }, () => once(went)));
    await once("badly");
    expect(gate.atOnce).toBe(32);
    // What was under way together tells one thing.
    await many("badly", 32);
    expect(gate.atOnce).toBeLessThanOrEqual(16);
    expect(gate.atOnce).toBeGreaterThanOrEqual(8);
    for (let i = 0; i < 20; i += 1) await once("badly");
    expect(gate.atOnce).toBe(4);
    await many("well", 1_000);
    expect(gate.atOnce).toBe(64);
  });

  test("holds those who come to the lower number, also while more than that is under way", async () => {
    const gate = new Gate(8);
    const ends: (() => void)[] = [];
    const slow = Array.from({ length: 8 }, () =>
      gate.run(
        () => new Promise<void>((end) => ends.push(end)),
        () => "badly",
      ),
    );
    let ran = 0;
    const later = gate.run(() => {
      ran += 1;
      return Promise.resolve();
    });
    for (const end of ends.slice(0, 4)) end();
    await Promise.all(slow.slice(0, 4));
    expect(gate.atOnce).toBe(4);
    expect(ran).toBe(0);
    for (const end of ends.slice(4)) end();
    await later;
    expect(ran).toBe(1);
  });
});
