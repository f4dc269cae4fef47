/**
 * A receiver of webhooks for Node: it checks who posts, keeps each event once and in order in a file, and says that it has them
 * when they are on disk.
 *
 *   WEBHOOK_SECRET=whsec_… node examples/webhook-receiver.mjs 9000 events.jsonl
 *
 * docs/WEBHOOKS.md says how a webhook is made, and what is posted. Four things keep a receiver right:
 * - it looks at the signature before it looks at anything else, in constant time, and refuses what is old;
 * - it remembers how far it is in each room: what comes again is known by its room and `seq`;
 * - it answers 2xx when everything is on disk, and not before: until then it comes again;
 * - it answers soon. What takes long is done from the file.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { createServer } from "node:http";

const [port = "9000", file = "events.jsonl"] = process.argv.slice(2);
const secret = process.env.WEBHOOK_SECRET;
const BODY_BYTES_MAX = 4 * 1024 * 1024;
const AGE_SECONDS_MAX = 300;

if (secret === undefined) throw new Error("set WEBHOOK_SECRET to the secret that the webhook was made with");

/** Of each room the last sequence that is on disk. */
const positions = readPositions();
const out = openSync(file, "a");

const server = createServer(async (request, response) => {
  const answer = (status) => response.writeHead(status).end();
  if (request.method !== "POST") return answer(405);
  const body = await readBody(request);
  if (body === undefined) return answer(413);
  if (!isGenuine(request.headers, body)) return answer(401);
  const { type, events, missing = [] } = JSON.parse(body);
  if (type === "ping") console.log("pinged");
  for (const gap of missing) console.error("can't be had any more:", gap);
  keep(events);
  answer(204);
});
server.listen(Number(port), "127.0.0.1", () => console.log(`receiving on port ${server.address().port}`));

/** As many signatures as secrets that count: two while a secret is being replaced. */
function isGenuine(headers, body) {
  const timestamp = headers["x-stoa-timestamp"] ?? "";
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= AGE_SECONDS_MAX)) return false;
  const mine = Buffer.from(`sha256=${createHmac("sha256", secret).update(`${timestamp}.${body}`).digest("hex")}`);
  return (headers["x-stoa-signature"] ?? "").split(",").some((text) => {
    const theirs = Buffer.from(text.trim());
    return theirs.length === mine.length && timingSafeEqual(theirs, mine);
  });
}

function keep(events) {
  // Two events of one sequence come together: so it is the position from before that counts.
  const known = new Map(positions);
  const fresh = events.filter(({ roomId, seq }) => seq > (known.get(roomId) ?? 0));
  if (fresh.length === 0) return;
  writeSync(out, fresh.map((event) => `${JSON.stringify(event)}\n`).join(""));
  fsyncSync(out);
  for (const { roomId, seq } of fresh) positions.set(roomId, seq);
}

/** What stands in the file. A line that a crash cut off is taken away, and what it was part of: it comes again. */
function readPositions() {
  const found = new Map();
  if (!existsSync(file)) return found;
  const text = readFileSync(file);
  const end = text.lastIndexOf(10) + 1;
  if (end < text.length) truncateSync(file, end);
  for (const line of text.subarray(0, end).toString().split("\n")) {
    if (line === "") continue;
    const { roomId, seq } = JSON.parse(line);
    found.set(roomId, seq);
  }
  return found;
}

async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

process.on("SIGTERM", () => {
  server.close();
  closeSync(out);
  process.exit(0);
});
