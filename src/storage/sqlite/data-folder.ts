/** The data folder as a server begins it. */
import { mkdirSync } from "node:fs";

/** What people wrote is for whoever runs the server, and for nobody else on the machine. */
const MODE = 0o700;

/** Makes it where there is none, and says what of it was made first; one that is there keeps the rights that its owner gave it. */
export function makeDataFolder(dir: string): string | undefined {
  return mkdirSync(dir, { recursive: true, mode: MODE });
}
