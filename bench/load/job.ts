/** What the runner asks of a load process (JSON on its command line) and what it answers (one JSON line on its output). */

export const PEERS = ["stoa", "raw", "socketio"] as const;
export type Peer = (typeof PEERS)[number];

interface JobBase {
  readonly peer: Peer;
  /** Connection i goes to the port at i, beginning again at the end. One process: one port. */
  readonly ports: readonly number[];
  /** Processes whose CPU time and memory are measured, taken together. */
  readonly pids: readonly number[];
  /** Stores that these use, by name: their CPU time is measured apart. */
  readonly stores: Readonly<Record<string, number>>;
  /** With what the server checks tokens; used for Stoa only. */
  readonly secret: string;
  readonly rooms: number;
  /** Subscribers of each room, senders included: the fan-out. */
  readonly members: number;
  /** All but the senders listen by Server-Sent Events. Stoa only. */
  readonly streams?: true;
}

/** Each sender keeps `inFlight` messages under way for the whole run: the next goes out when one came back to it. */
export interface ClosedJob extends JobBase {
  readonly kind: "closed";
  /** The first so many members of each room. */
  readonly senders: number;
  readonly inFlight: number;
  /** Messages ask for an ack, and the ack counts as having come back. Stoa only. */
  readonly acked: boolean;
  /** Each connection marks as read and confirms what it has, so often. Stoa only. */
  readonly readsEveryMs?: number;
  readonly warmMs: number;
  readonly windowMs: number;
  /** Ends after so many messages instead of after `windowMs`. */
  readonly messages?: number;
}
/** Messages leave by the clock, whatever comes back; latency counts from when a message was due. */
export interface OpenJob extends JobBase {
  readonly kind: "open";
  readonly senders: number;
  readonly acked: boolean;
  /** Messages per second, all senders together. */
  readonly rate: number;
  /** The same during the warm-up. */
  readonly warmRate: number;
  /** In each room the second member is a witness on the node that owns it, and the third a receiver on another one. */
  readonly routed: boolean;
  readonly warmMs: number;
  readonly windowMs: number;
}
/** Opens `rooms × members` connections of as many users that then do nothing. */
export interface IdleJob extends JobBase {
  readonly kind: "idle";
  /** Connections that are opened before the first look at memory, and stay. */
  readonly warmConnections: number;
  readonly settleMs: number;
}
export type Job = ClosedJob | OpenJob | IdleJob;

/** Anything but zeros here fails the run. */
export interface Faults {
  readonly missing: number;
  /** Arrived again, or after a later one of the same sender. */
  readonly repeated: number;
  /** Deliveries of a room that the receiver is not in. */
  readonly foreign: number;
  /** Error frames, unreadable frames, closed connections. */
  readonly errors: number;
  /** What the first error said. */
  readonly firstError?: string;
}

/** Microseconds. */
export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface LoadResult {
  readonly peer: Peer;
  readonly connections: number;
  /** From the first connect until every connection had joined its room. */
  readonly openMs: number;
  readonly seconds: number;
  /** In the measured window. */
  readonly messages: number;
  readonly deliveries: number;
  readonly acks: number;
  /** Receipt frames of the connection that had the most. */
  readonly receiptsMax: number;
  /** Marks sent: two for each time that a connection read something. */
  readonly marks: number;
  /** Whole life of the load process, drain included. */
  readonly deliveriesTotal: number;
  readonly serverCpuMs: number;
  readonly storeCpuMs: Readonly<Record<string, number>>;
  readonly loadCpuMs: number;
  readonly serverRssBytes: number;
  readonly latencyUs: Quantiles;
  /** Routed: from the witness's receipt to the receiver's, and from the message's due time to the receiver's. */
  readonly route?: { readonly crossUs: Quantiles; readonly receiptUs: Quantiles };
  /** Open loop: how late the generator itself was in handing messages to the socket, 99th percentile (it is in the latency). */
  readonly lateUs: number;
  /** Idle: growth of resident memory per connection. */
  readonly bytesPerConnection: number;
  readonly faults: Faults;
}
