/**
 * The machine's wall clock as a test wishes it: off by as many milliseconds as the file says that `TEST_CLOCK_FILE` names,
 * looked at when a process or thread starts.
 */
import { existsSync, readFileSync } from "node:fs";

const file = process.env.TEST_CLOCK_FILE;
const offsetMs = file !== undefined && existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
const now = Date.now.bind(Date);
Date.now = () => now() + offsetMs;
