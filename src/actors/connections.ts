/** A shard's view of the connections that an edge introduced, and the one place that turns frames into bytes for them. */
import type { ConnectionId } from "../base/ids.ts";
import { REPLAY_BYTES_MAX, REPLAY_WINDOW_MS } from "../base/limits.ts";
import type { Principal } from "../domain/principal.ts";
import type { Codec } from "../protocol/codec.ts";
import type { ServerFrame } from "../protocol/frames.ts";
import type { EdgeLink } from "./edge-link.ts";
import type { ConnectionInfo, ConnectionNo } from "./link.ts";
import { Numbered } from "./numbered.ts";

/** What a room tells about itself to the table. */
export interface Subscribed {
  /** The connection is gone. */
  connectionClosed(connection: ShardConnection): void;
}

type Introduced = Pick<ConnectionInfo, "home" | "greeted" | "rooms">;

/** One introduction of a connection. A link that begins anew introduces it anew: then it is another object. */
export interface ShardConnection {
  readonly codec: Codec;
  readonly link: EdgeLink;
  readonly no: ConnectionNo;
  readonly connectionId: ConnectionId;
  /** Here and not in `introduced`: each frame asks for it, and an object more on the way is memory that is far away. */
  principal: Principal;
  introduced: Introduced;
  /** Rooms of this shard that the connection is subscribed to; made when first needed, most connections have none here. */
  rooms: Set<Subscribed> | undefined;
  closed: boolean;
  /** In its home: it has had its `connection` frame. Nothing may come before that. */
  greeted: boolean;
  /** Bytes replayed to it in the present window, and when that began (monotonic, milliseconds). */
  replayedBytes: number;
  replayWindowMs: number;
}

export class ConnectionTable {
  readonly #byNo = new Numbered<ShardConnection>();
  readonly #codecs: readonly Codec[];
  readonly #link: EdgeLink;
  #latest: Principal | undefined;

  constructor(codecs: readonly Codec[], link: EdgeLink) {
    this.#codecs = codecs;
    this.#link = link;
  }

  get(no: ConnectionNo): ShardConnection | undefined {
    return this.#byNo.get(no);
  }

  /** One that is open already is told anew what it is: its home may have come to this shard. */
  open(no: ConnectionNo, info: ConnectionInfo): ShardConnection {
    const known = this.#byNo.get(no);
    if (known !== undefined) {
      known.principal = info.principal;
      known.introduced = introducedOf(info);
      return known;
    }
    const principal = sharing(info.principal, this.#latest);
    this.#latest = principal;
    const codec = this.#codecs[info.codec];
    if (codec === undefined) throw new Error(`no codec ${info.codec}`);
    // What each frame looks at first: it comes with the first look.
    const connection: ShardConnection = {
      codec,
      link: this.#link,
      no,
      connectionId: info.connectionId,
      principal,
      introduced: introducedOf(info),
      rooms: undefined,
      closed: false,
      greeted: false,
      replayedBytes: 0,
      replayWindowMs: 0,
    };
    this.#byNo.set(no, connection);
    return connection;
  }

  /** Takes the connection out of every room of this shard. */
  close(no: ConnectionNo): ShardConnection | undefined {
    const connection = this.#byNo.get(no);
    if (connection === undefined) return undefined;
    this.#byNo.delete(no);
    connection.closed = true;
    if (connection.rooms !== undefined) {
      for (const room of connection.rooms) room.connectionClosed(connection);
      connection.rooms = undefined;
    }
    return connection;
  }

  closeAll(): readonly ShardConnection[] {
    const open = [...this.#byNo.values()];
    for (const { no } of open) this.close(no);
    return open;
  }
}

function introducedOf({ home, greeted, rooms }: ConnectionInfo): Introduced {
  return rooms === undefined ? { home, greeted } : { home, greeted, rooms };
}

/** Each introduction was read with strings of its own; most people have the tenant and the role of the one before. */
function sharing(principal: Principal, latest: Principal | undefined): Principal {
  if (latest?.tenant !== principal.tenant || latest.role !== principal.role) return principal;
  return { ...principal, tenant: latest.tenant, role: latest.role };
}

export function sendFrame(connection: ShardConnection, frame: ServerFrame): void {
  if (connection.closed) return;
  const { link, no, codec } = connection;
  for (const data of codec.encode(frame)) link.out.send(no, codec.text, data);
}

/**
 * Sends unless it is more than the socket can hold: a client that is cut off for what it was sent at once would come back
 * and ask for the same again. `bytesMax`: in the present window. 0: it was sent, or nobody is there; otherwise nothing was
 * sent, since it takes so many bytes, and what is missing is to be named.
 */
export function sendReplay(
  connection: ShardConnection,
  frame: ServerFrame,
  nowMs: number,
  bytesMax = REPLAY_BYTES_MAX,
): number {
  if (connection.closed) return 0;
  const { link, no, codec } = connection;
  const messages = codec.encode(frame);
  const bytes = messages.reduce((sum, data) => sum + data.length, 0);
  if (replayedBytes(connection, nowMs) + bytes > bytesMax) return bytes;
  connection.replayedBytes += bytes;
  for (const data of messages) link.out.send(no, codec.text, data);
  return 0;
}

/** In the present window. */
export function replayedBytes(connection: ShardConnection, nowMs: number): number {
  if (nowMs - connection.replayWindowMs >= REPLAY_WINDOW_MS) {
    connection.replayWindowMs = nowMs;
    connection.replayedBytes = 0;
  }
  return connection.replayedBytes;
}
