/**
 * A client that is npm's `ws` on Node, speaking lines of text as a person with a WebSocket tool does.
 * Invariant: the process is gone when `close` returns.
 */
import { join } from "node:path";
import type { Frame } from "./wire.ts";

const WAIT_MS_MAX = 20_000;

export class NodeWsClient {
  readonly frames: Frame[] = [];
  readonly #process: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #changed = new Set<() => void>();

  constructor(address: string, token?: string) {
    const script = join(import.meta.dir, "ws-lines.mjs");
    this.#process = Bun.spawn(["node", script, address, ...(token === undefined ? [] : [token])], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    void this.#read();
  }

  send(frame: Frame): void {
    this.#process.stdin.write(`${JSON.stringify(frame)}\n`);
    this.#process.stdin.flush();
  }

  /** The first frame that `accepts`, also one that came already. */
  async waitFor(accepts: (frame: Frame) => boolean, what: string): Promise<Frame> {
    const found = this.frames.find(accepts);
    if (found !== undefined) return found;
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const frame = this.frames.find(accepts);
        if (frame === undefined) return;
        clearTimeout(timer);
        this.#changed.delete(look);
        resolve(frame);
      };
      const timer = setTimeout(() => {
        this.#changed.delete(look);
        reject(new Error(`waiting for ${what}; got ${JSON.stringify(this.frames).slice(0, 2000)}`));
      }, WAIT_MS_MAX);
      this.#changed.add(look);
    });
  }

  async close(): Promise<void> {
    this.#process.stdin.end();
    const late = setTimeout(() => this.#process.kill("SIGKILL"), WAIT_MS_MAX);
    await this.#process.exited;
    clearTimeout(late);
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of this.#process.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.frames.push(JSON.parse(line) as Frame);
      for (const look of [...this.#changed]) look();
    }
  }
}
