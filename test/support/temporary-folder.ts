/** A folder of its own for a test that needs a disk. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TemporaryFolder {
  readonly path: string;
  remove(): void;
}

export function temporaryFolder(): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), "stoa-test-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** For storage that must not meet an error of the disk in this test. */
export function failOnFatal(error: Error): never {
  throw error;
}
