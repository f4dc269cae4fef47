/** A shard's view of the connections that have spoken to it, and the one place that turns frames into bytes for them. */
import type { Codec } from "../protocol/codec.ts";
import type { ServerFrame } from "../protocol/frames.ts";
import type { ConnectionInfo, ConnectionNo, ToEdgeWriter } from "./link.ts";

/** What a room tells about itself to the table. */
export interface Subscribed {
  /** The connection is gone. */
  connectionClosed(connection: ShardConnection): void;
}

export interface ShardConnection {
  readonly no: ConnectionNo;
  readonly info: ConnectionInfo;
  readonly codec: Codec;
  /** Rooms of this shard that the connection is subscribed to; made when first needed, most connections have none here. */
  rooms: Set<Subscribed> | undefined;
  closed: boolean;
}

export class ConnectionTable {
  readonly #byNo = new Map<ConnectionNo, ShardConnection>();
  readonly #codecs: readonly Codec[];
  readonly #out: ToEdgeWriter;

  constructor(codecs: readonly Codec[], out: ToEdgeWriter) {
    this.#codecs = codecs;
    this.#out = out;
  }

  get(no: ConnectionNo): ShardConnection | undefined {
    return this.#byNo.get(no);
  }

  open(no: ConnectionNo, info: ConnectionInfo): ShardConnection {
    const codec = this.#codecs[info.codec];
    if (codec === undefined) throw new Error(`no codec ${info.codec}`);
    const connection: ShardConnection = { no, info, codec, rooms: undefined, closed: false };
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

  send(connection: ShardConnection, frame: ServerFrame): void {
    if (connection.closed) return;
    for (const data of connection.codec.encode(frame)) this.#out.send(connection.no, connection.codec.text, data);
  }
}
