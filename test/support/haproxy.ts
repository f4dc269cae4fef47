/** HAProxy with the project's own settings before two nodes, on 127.0.0.1. Gone when `stop` returns. */
import { fileURLToPath } from "node:url";
import { claimPort } from "./ports.ts";
import type { TestServer } from "./server.ts";

const SETTINGS = fileURLToPath(new URL("../../deploy/haproxy.cfg", import.meta.url));
const READY_MS_MAX = 30_000;

export class HaProxy {
  readonly port: number;
  /** The nodes'. */
  readonly secret: string;
  readonly #process: Bun.Subprocess;

  private constructor(port: number, secret: string, process: Bun.Subprocess) {
    this.port = port;
    this.secret = secret;
    this.#process = process;
  }

  /** Ready when it has found a node that is. */
  static async start(one: TestServer, two: TestServer): Promise<HaProxy> {
    const port = claimPort();
    const child = Bun.spawn(["haproxy", "-db", "-q", "-f", SETTINGS], {
      env: {
        PATH: process.env.PATH,
        STOA_LISTEN: `127.0.0.1:${port}`,
        STOA_NODE_1: `127.0.0.1:${one.port}`,
        STOA_NODE_2: `127.0.0.1:${two.port}`,
      },
      stdin: "ignore",
      stdout: "ignore",
      stderr: "inherit",
    });
    const proxy = new HaProxy(port, one.secret, child);
    const deadline = performance.now() + READY_MS_MAX;
    while (performance.now() < deadline && child.exitCode === null) {
      const status = await fetch(`${proxy.http}/readyz`).then(
        (response) => response.status,
        () => 0,
      );
      if (status === 200) return proxy;
      await Bun.sleep(20);
    }
    await proxy.stop();
    throw new Error("HAProxy found no node that is ready");
  }

  get http(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get ws(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}
