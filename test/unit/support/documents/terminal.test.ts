import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { Terminal } from "../../../support/documents/terminal.ts";
import { eventually } from "../../../support/eventually.ts";

const open = (): Promise<Terminal> => Terminal.open(tmpdir(), { PATH: process.env["PATH"] ?? "" });

test("a command that fails is noticed, though others come after it; variables stay", async () => {
  const terminal = await open();
  expect(await terminal.run("WORD=kept")).toBe("");
  expect(await terminal.run('echo "$WORD"')).toBe("kept\n");
  const failure = await terminal.run("false\necho behind it").catch(String);
  expect(failure).toMatch(/a command ended with 1:[\s\S]*behind it/);
  expect(await terminal.attempt("sh -c 'exit 3'; true")).toMatchObject({ status: 3 });
  await terminal.close();
}, 20_000);

test("Ctrl-C ends what is in front, and the next command has the terminal", async () => {
  const terminal = await open();
  terminal.type("sh -c 'echo begun; exec sleep 300'");
  await terminal.says("begun");
  await terminal.interrupt();
  expect(await terminal.run("echo again")).toBe("again\n");
  await terminal.close();
}, 20_000);

test("what does not end by a hang-up is ended as well", async () => {
  const terminal = await open();
  terminal.type(`sh -c "trap '' HUP; echo pid=\\$\\$.; sleep 300 & wait"`);
  const pid = /pid=(\d+)\./.exec(await terminal.says(/pid=\d+\./))?.[1];
  expect(existsSync(`/proc/${pid}`)).toBe(true);
  await terminal.close();
  await eventually(async () => expect(existsSync(`/proc/${pid}`)).toBe(false));
}, 20_000);
