/**
 * The built SDK where there is no browser and no Node: `node --experimental-vm-modules client-in-vm.mjs MODULE URL TOKEN ROOM`. The
 * context has what React Native has: timers, fetch without streams, WebSocket, AbortController; no window, no document, no process,
 * no crypto, no TextDecoder. Prints what it saw as JSON.
 */
import { readFileSync } from "node:fs";
import { createContext, SourceTextModule } from "node:vm";
import { WebSocket } from "ws";

const [path, url, token, room] = process.argv.slice(2);
/** Bodies come whole there. */
const wholeFetch = async (...args) => {
  const { ok, status, headers, ...rest } = await globalThis.fetch(...args).then(async (response) => ({
    ok: response.ok,
    status: response.status,
    headers: response.headers,
    text: await response.text(),
  }));
  return { ok, status, headers, body: undefined, text: async () => rest.text, json: async () => JSON.parse(rest.text) };
};
const platform = { setTimeout, clearTimeout, queueMicrotask, AbortController, performance, atob, URL, WebSocket };
const context = createContext({ ...platform, fetch: wholeFetch });
const module = new SourceTextModule(readFileSync(path, "utf8"), { context });
await module.link(() => {
  throw new Error("it imports something");
});
await module.evaluate();
const { StoaClient } = module.namespace;

const seen = {};
for (const transport of ["websocket", "poll"]) {
  const client = new StoaClient({ url, token, transports: [transport] });
  const contents = [];
  client.on("message", ({ message }) => contents.push(message.content));
  await client.connect();
  await client.join(room);
  await client.send(room, `over ${transport}`);
  while (contents.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const { messages } = await client.messages(room);
  seen[transport] = [contents, messages.at(-1).content, client.status.transport];
  client.close();
}
process.stdout.write(JSON.stringify(seen));
