/**
 * npm's `ws` on Node, as a line-oriented tool: lines from stdin become text frames, frames become lines on stdout.
 * Bun replaces `ws` by an implementation of its own, so the real one must run in a process of Node.
 */
import { createInterface } from "node:readline";
import WebSocket from "ws";

const [address, token] = process.argv.slice(2);
const socket = new WebSocket(address, token ? { headers: { authorization: `Bearer ${token}` } } : {});
socket.on("message", (data, isBinary) => {
  process.stdout.write(isBinary ? `{"type":"binary","bytes":${data.length}}\n` : `${data}\n`);
});
socket.on("unexpected-response", (_, response) => {
  process.stdout.write(`{"type":"refused","status":${response.statusCode}}\n`);
  process.exit(1);
});
socket.on("close", (code) => {
  process.stdout.write(`{"type":"closed","code":${code}}\n`, () => process.exit(0));
});
socket.on("open", () => {
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => socket.send(line));
  lines.on("close", () => socket.close(1000));
});
