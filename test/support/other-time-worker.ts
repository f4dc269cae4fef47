/** A shard's thread on a wall clock of the test's. */
import "./other-time.ts";
import "../../src/worker.ts";
