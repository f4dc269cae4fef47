/**
 * A TCP proxy in front of a server that a test wants to take away from one client: forwards, hangs, or cuts.
 * Invariant: bytes are forwarded whole and in order or not at all; a hang only delays them, a cut closes both ends.
 */
import { connect, createServer, type Server, type Socket } from "node:net";

const HOST = "127.0.0.1";

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

export interface TcpCounts {
  readonly accepted: number;
  /** Connections that were closed by a cut, or refused during one. */
  readonly cut: number;
  /** Connections that stood still in a hang. */
  readonly hung: number;
}

export class TcpFaultProxy {
  readonly #listener: Server;
  readonly #pairs = new Set<Pair>();
  readonly #counts = { accepted: 0, cut: 0, hung: 0 };
  #targetPort: number;
  #mode: "forward" | "hang" | "cut" = "forward";

  private constructor(listener: Server, targetPort: number) {
    this.#listener = listener;
    this.#targetPort = targetPort;
    listener.on("connection", (client) => this.#accept(client));
  }

  /** Listens on a free port and forwards to `targetPort` of this machine. */
  static async start(targetPort: number): Promise<TcpFaultProxy> {
    const listener = createServer();
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject);
      listener.listen(0, HOST, resolve);
    });
    return new TcpFaultProxy(listener, targetPort);
  }

  get port(): number {
    const address = this.#listener.address();
    if (typeof address !== "object" || address === null) throw new Error("the proxy was stopped");
    return address.port;
  }

  get targetPort(): number {
    return this.#targetPort;
  }

  get counts(): TcpCounts {
    return { ...this.#counts };
  }

  /** Closes what is open and whoever comes, until `heal`. The result: how many were open. */
  cut(): number {
    const open = this.#pairs.size;
    this.#mode = "cut";
    this.#closeAll();
    return open;
  }

  /** Requests arrive, and nobody hears of the answers, on the connections that there are, until `heal`. */
  mute(): void {
    for (const { server } of this.#pairs) server.pause();
  }

  get open(): number {
    return this.#pairs.size;
  }

  /** Nothing passes in either direction, and nobody is told, until `heal`. New connections hang, too. */
  hang(): void {
    this.#mode = "hang";
    for (const pair of this.#pairs) {
      this.#counts.hung += 1;
      pair.client.pause();
      pair.server.pause();
    }
  }

  heal(): void {
    this.#mode = "forward";
    for (const { client, server } of this.#pairs) {
      client.resume();
      server.resume();
    }
  }

  /** Another server from now on; what is open is closed. */
  retarget(targetPort: number): void {
    this.#targetPort = targetPort;
    this.#closeAll();
  }

  async stop(): Promise<void> {
    this.#closeAll();
    await new Promise<void>((resolve) => this.#listener.close(() => resolve()));
  }

  #accept(client: Socket): void {
    client.on("error", () => client.destroy());
    if (this.#mode === "cut") {
      this.#counts.cut += 1;
      client.destroy();
      return;
    }
    this.#counts.accepted += 1;
    const pair = { client, server: connect(this.#targetPort, HOST) };
    this.#pairs.add(pair);
    this.#pump(pair, client, pair.server);
    this.#pump(pair, pair.server, client);
    if (this.#mode === "hang") {
      this.#counts.hung += 1;
      client.pause();
    }
  }

  #pump(pair: Pair, from: Socket, to: Socket): void {
    from.on("data", (bytes) => {
      if (!to.write(bytes)) from.pause();
    });
    to.on("drain", () => {
      if (this.#mode !== "hang") from.resume();
    });
    from.on("error", () => from.destroy());
    from.on("close", () => {
      this.#pairs.delete(pair);
      to.end();
    });
  }

  #closeAll(): void {
    for (const { client, server } of this.#pairs) {
      if (this.#mode === "cut") this.#counts.cut += 1;
      client.destroy();
      server.destroy();
    }
    this.#pairs.clear();
  }
}
