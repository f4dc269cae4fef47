import { expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { claimPort, claimRow } from "../../support/ports.ts";

const MODULE = fileURLToPath(new URL("../../support/ports.ts", import.meta.url));
/** More than a block has. */
const COUNT = 60;

async function claimedElsewhere(): Promise<readonly number[]> {
  const script = `import { claimPort, claimRow } from ${JSON.stringify(MODULE)};
    console.log(JSON.stringify(Array.from({ length: ${COUNT} }, claimPort)));
    process.stdin.on("end", () => process.exit()).resume();`;
  const child = Bun.spawn([process.execPath, "-e", script], { stdin: "pipe", stdout: "pipe" });
  let text = "";
  for await (const chunk of child.stdout) {
    text += Buffer.from(chunk).toString();
    if (text.includes("\n")) break;
  }
  running.push(child);
  return JSON.parse(text) as readonly number[];
}
const running: Bun.Subprocess<"pipe">[] = [];

test("no port is given twice, here or to processes that run at the same time, and each can be listened on", async () => {
  const elsewhere = await Promise.all([claimedElsewhere(), claimedElsewhere()]);
  const ports = [...elsewhere.flat(), ...Array.from({ length: COUNT }, claimPort)];
  for (const child of running) {
    child.stdin.end();
    await child.exited;
  }
  expect(new Set(ports).size).toBe(3 * COUNT);
  for (const port of ports) {
    const listener = Bun.listen({ hostname: "0.0.0.0", port, exclusive: true, socket: { data: () => undefined } });
    listener.stop(true);
  }
});

test("none is in the range that the kernel gives to connections, nor like a port of the documents", () => {
  for (let i = 0; i < 2 * COUNT; i += 1) {
    const port = claimPort();
    expect(port).toBeLessThan(32_768);
    expect(String(port)).not.toMatch(/6379|8000|808\d/);
  }
});

test("several in a row are this process's all of them", () => {
  const rows = Array.from({ length: 20 }, () => claimRow(5));
  const ports = rows.flatMap((first) => [first, first + 1, first + 2, first + 3, first + 4]);
  expect(new Set([...ports, claimPort()]).size).toBe(101);
  for (const port of ports) {
    Bun.listen({ hostname: "127.0.0.1", port, exclusive: true, socket: { data: () => undefined } }).stop(true);
  }
});
