/**
 * A client that joins a room and then reads nothing any more: a raw TCP socket, since a WebSocket object always reads, and so
 * does `fetch`.
 * Invariant: after `stall` the kernel's buffers fill up and nothing drains them.
 */
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

export class StalledClient {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async join(port: number, token: string, roomId: string): Promise<StalledClient> {
    const socket = connect({ host: "127.0.0.1", port });
    const request = [
      "GET /chat HTTP/1.1",
      `Host: 127.0.0.1:${port}`,
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
      `Authorization: Bearer ${token}`,
    ];
    socket.write(`${request.join("\r\n")}\r\n\r\n`);
    await received(socket, "101 Switching Protocols");
    socket.write(maskedText(JSON.stringify({ type: "join_room", ref: "joined", roomId })));
    await received(socket, '"ref":"joined"');
    socket.removeAllListeners("data");
    socket.pause();
    return new StalledClient(socket);
  }

  /** The same by an event stream. */
  static async listen(port: number, token: string, roomId: string): Promise<StalledClient> {
    const socket = connect({ host: "127.0.0.1", port });
    const head = [
      `GET /v1/chat/events?room=${roomId} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      `Authorization: Bearer ${token}`,
    ];
    socket.write(`${head.join("\r\n")}\r\n\r\n`);
    await received(socket, '"ref":"rooms:1"');
    socket.removeAllListeners("data");
    socket.pause();
    return new StalledClient(socket);
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function received(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let all = "";
    socket.on("error", reject);
    socket.on("data", (data) => {
      all += data.toString("latin1");
      if (all.includes(text)) resolve();
    });
  });
}

/** One text frame as clients send it; short ones only. */
function maskedText(text: string): Uint8Array {
  const payload = Buffer.from(text);
  if (payload.length > 125) throw new Error("too long for a one-byte length");
  const mask = randomBytes(4);
  const masked = payload.map((byte, i) => byte ^ (mask[i % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length]), mask, masked]);
}
