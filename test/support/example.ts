/** A program of examples/ in a process of its own: what it prints, line by line, and its end. Gone when `stop` returns. */
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../examples/", import.meta.url));
const LINE_MS_MAX = 20_000;

export class Example {
  readonly #process: Bun.Subprocess<"ignore", "pipe", "pipe">;
  readonly #collected: Promise<unknown>;
  #output = "";
  #heard: (() => void) | undefined;

  /** `program` with the example's file and `args`; the environment is only what is given. */
  constructor(program: readonly string[], file: string, args: readonly string[], env: Record<string, string>) {
    const { PATH, HOME } = process.env;
    this.#process = Bun.spawn([...program, folder + file, ...args], {
      env: { PATH, HOME, PYTHONUNBUFFERED: "1", ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const { stdout, stderr } = this.#process;
    this.#collected = Promise.all([this.#collect(stdout), this.#collect(stderr)]);
  }

  get output(): string {
    return this.#output;
  }

  /** Waits until it has printed this. */
  async says(text: string): Promise<void> {
    const deadline = performance.now() + LINE_MS_MAX;
    while (!this.#output.includes(text)) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new Error(`it did not say "${text}":\n${this.#output}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#heard = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Its exit code, when it ends by itself; then all that it printed was read. */
  async ended(): Promise<number> {
    const late = setTimeout(() => this.#process.kill("SIGKILL"), LINE_MS_MAX);
    const code = await this.#process.exited;
    clearTimeout(late);
    await this.#collected;
    return code;
  }

  async stop(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    this.#process.kill(signal);
    await this.#process.exited;
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.#output += decoder.decode(chunk, { stream: true });
      this.#heard?.();
    }
    this.#heard?.();
  }
}
