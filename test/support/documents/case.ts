/** What a test does with one block of commands. */
import type { Reader } from "./reader.ts";

export interface Case {
  /** Why (a part of) the block is not run as it stands, but only looked at. */
  readonly onlyRead?: string;
  run(reader: Reader, id: string): Promise<void>;
}

/** By the id of the block. */
export type Cases = Readonly<Record<string, Case>>;
