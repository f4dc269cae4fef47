/** The real server on a wall clock of the test's. */
import "./other-time.ts";
import { startedHere } from "./started-here.ts";

const server = await startedHere(new URL("./other-time-worker.ts", import.meta.url));
process.on("SIGTERM", () => {
  void server.stop().then(() => process.exit(0));
});
