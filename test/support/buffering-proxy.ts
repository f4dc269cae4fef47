/**
 * An HTTP proxy that passes an answer on only when it has all of it, as some do: an event stream never comes. One that `obeys`
 * passes on at once what says `X-Accel-Buffering: no`.
 */
import { type IncomingMessage, request, type Server, type ServerResponse, createServer } from "node:http";

const HOST = "127.0.0.1";

export class BufferingProxy {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(targetPort: number, obeys: boolean): Promise<BufferingProxy> {
    const server = createServer((incoming, outgoing) => forward(targetPort, obeys, incoming, outgoing));
    await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
    return new BufferingProxy(server);
  }

  get http(): string {
    const address = this.#server.address();
    if (typeof address !== "object" || address === null) throw new Error("the proxy was stopped");
    return `http://${HOST}:${address.port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

function forward(port: number, obeys: boolean, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, url } = incoming;
  // It knows nothing of WebSockets.
  const { upgrade: _upgrade, connection: _connection, ...headers } = incoming.headers;
  const upstream = request({ host: HOST, port, method, path: url, headers }, (answer) => {
    const passes = obeys && answer.headers["x-accel-buffering"] === "no";
    const kept: Buffer[] = [];
    const { "transfer-encoding": _chunked, ...rest } = answer.headers;
    if (passes) outgoing.writeHead(answer.statusCode ?? 502, rest);
    answer.on("data", (chunk: Buffer) => {
      if (passes) outgoing.write(chunk);
      else kept.push(chunk);
    });
    answer.on("end", () => {
      if (!passes) outgoing.writeHead(answer.statusCode ?? 502, rest);
      outgoing.end(Buffer.concat(kept));
    });
    answer.on("error", () => outgoing.destroy());
  });
  upstream.on("error", () => outgoing.destroy());
  outgoing.on("close", () => upstream.destroy());
  incoming.pipe(upstream);
}
