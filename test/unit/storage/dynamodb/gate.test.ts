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
});
