/** dynalite in a process of its own: prints its port, ends with whoever started it (its standard input closes). */
import dynalite from "dynalite";

// dynalite throws when a client goes away in the middle of a request; DynamoDB does not end for that.
process.on("uncaughtException", (error) => {
  if (error.code === "ECONNRESET" || error.code === "EPIPE") return;
  console.error(error);
  process.exit(1);
});

const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
// DynamoDB keeps idle connections for long; after Node's five seconds a request may meet the close of its own.
server.keepAliveTimeout = 0;
server.listen(0, "127.0.0.1", () => process.stdout.write(`${server.address().port}\n`));
process.stdin.on("end", () => process.exit(0)).resume();
