/**
 * A page of `cut-page.ts` in Node: `node cut-page-in-node.mjs MODULES STORE OPTIONS`. Calls come as lines of JSON, `[method, …arguments]`, and are
 * answered by one line each. The store is a file that is appended to: killing the process is reloading the page.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";

const [modules, file, options] = process.argv.slice(2);
const kept = new Map();
if (existsSync(file)) {
  for (const line of readFileSync(file, "utf8").split("\n").slice(0, -1)) {
    const [key, value] = JSON.parse(line);
    if (value === null) kept.delete(key);
    else kept.set(key, value);
  }
}
const write = (key, value) => appendFileSync(file, `${JSON.stringify([key, value])}\n`);
const store = {
  getItem: (key) => kept.get(key) ?? null,
  setItem: (key, value) => {
    kept.set(key, value);
    write(key, value);
  },
  removeItem: (key) => {
    kept.delete(key);
    write(key, null);
  },
  getAllKeys: () => [...kept.keys()],
};
const { StoaClient } = await import(`${modules}/stoa-chat.js`);
const { CutPage } = await import(`${modules}/cut-page.js`);
const { Timeline } = await import(`${modules}/timeline.js`);
const page = new CutPage({ StoaClient, Timeline, WebSocket }, store, JSON.parse(options));
for await (const line of createInterface({ input: process.stdin })) {
  const [method, ...rest] = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(page[method](...rest) ?? null)}\n`);
}
