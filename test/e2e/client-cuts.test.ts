/** A short run of `npm run chaos:client`: three platforms, three transports, cuts of all kinds, a reload with a full outbox. */
import { expect, test } from "bun:test";
import { join } from "node:path";

test("nothing lost, nothing twice, right counts while connections are cut and pages are reloaded", async () => {
  const script = join(import.meta.dir, "../chaos/client-cuts.ts");
  const command = [process.execPath, script, "--cuts", "24", "--transport", "mixed", "--seed", "11"];
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const output = await new Response(child.stdout).text();
  expect({ code: await child.exited, output }).toEqual({ code: 0, output: expect.stringContaining("all held") });
}, 120_000);
