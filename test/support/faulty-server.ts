/** The real server with threads that can be made to fail. */
import { startedHere } from "./started-here.ts";

await startedHere(new URL("./faulty-worker.ts", import.meta.url));
