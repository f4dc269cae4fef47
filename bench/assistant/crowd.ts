/** The processes of those who ask, from the process that measures. */
import type { AskersNews, AskersStart, Load } from "./askers.ts";

const NICENESS = "10";
export const LOADS: readonly Load[] = ["answers", "streams", "nothing"];

/** A program of the benchmark that lets the server go first. */
export function aside(file: string, args: readonly string[]): string[] {
  return ["nice", "-n", NICENESS, process.execPath, new URL(file, import.meta.url).pathname, ...args];
}

export class Crowd {
  readonly #child: ReturnType<typeof Bun.spawn>;
  #heard: (news: AskersNews) => void = () => undefined;
  readonly #failed: Promise<never>;
  readonly #ready: Promise<AskersNews>;

  constructor(start: AskersStart) {
    this.#child = Bun.spawn(aside("askers.ts", [JSON.stringify(start)]), {
      stdout: "inherit",
      stderr: "inherit",
      ipc: (news: AskersNews) => this.#heard(news),
    });
    this.#failed = this.#child.exited.then((code) => {
      throw new Error(`those who ask ended with ${code}`);
    });
    this.#failed.catch(() => undefined);
    this.#ready = this.#next();
  }

  get pid(): number {
    return this.#child.pid;
  }

  async ready(): Promise<void> {
    await this.#ready;
  }

  /** Until all of them ask, or all has ended: how long first pieces were under way since then, milliseconds. */
  async tell(load: Load): Promise<readonly number[]> {
    const news = this.#next();
    this.#child.send(load);
    return (await news).firstPieces;
  }

  end(): void {
    this.#child.kill();
  }

  #next(): Promise<AskersNews> {
    const heard = new Promise<AskersNews>((resolve) => {
      this.#heard = resolve;
    });
    return Promise.race([heard, this.#failed]);
  }
}
