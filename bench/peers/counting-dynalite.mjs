/**
 * dynalite, which counts what it is asked: in all, by operation, and those requests that name a key with IDLE_MARK in it.
 * Prints its port; a line on its standard input is answered with the counts since the last such line, as JSON. It ends
 * with whoever started it (its standard input closes).
 */
import { createInterface } from "node:readline";
import dynalite from "dynalite";

/** Keys are text; what is inside an item's bytes is not looked at. */
const IDLE_MARK = "idle-";

// dynalite throws when a client goes away in the middle of a request; DynamoDB does not end for that.
process.on("uncaughtException", (error) => {
  if (error.code === "ECONNRESET" || error.code === "EPIPE") return;
  console.error(error);
  process.exit(1);
});

const none = () => ({ requests: 0, idle: 0, operations: {}, examples: [] });
const EXAMPLES_MAX = 3;
let counts = none();

const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
// dynalite's own listener is called in the same turn: no byte has been read before both listen.
server.prependListener("request", (request) => {
  let body = "";
  request.on("data", (chunk) => (body += chunk.toString("latin1")));
  request.on("end", () => {
    const operation = String(request.headers["x-amz-target"]).split(".")[1] ?? "?";
    counts.requests += 1;
    counts.operations[operation] = (counts.operations[operation] ?? 0) + 1;
    if (!body.includes(IDLE_MARK)) return;
    counts.idle += 1;
    if (counts.examples.length < EXAMPLES_MAX) counts.examples.push(`${operation} ${body.slice(0, 300)}`);
  });
});
// DynamoDB keeps idle connections for long; after Node's five seconds a request may meet the close of its own.
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));

createInterface({ input: process.stdin })
  .on("line", () => {
    process.stdout.write(`${JSON.stringify(counts)}\n`);
    counts = none();
  })
  .on("close", () => process.exit(0));
