/** What is measured: shapes of load, who takes part, and the bounds that must hold (`bounds.ts` judges). */
import type { Peer } from "./load/job.ts";

export interface LoadScenario {
  readonly name: string;
  readonly kind: "closed" | "open";
  readonly title: string;
  readonly peers: readonly Peer[];
  readonly rooms: number;
  /** Subscribers of each room, senders included. */
  readonly members: number;
  /** Of each room. */
  readonly senders: number;
  /** Closed loop: messages that each sender keeps under way. */
  readonly inFlight: number;
  /** Open loop: messages per second of all senders together. */
  readonly rate: number;
  /** Stoa answers each message with an ack, and that is what is waited for or timed. */
  readonly acked: boolean;
  /** Server processes; connections are spread evenly over them. */
  readonly nodes: number;
  /** Everybody marks as read and confirms what they have, so often. Stoa only. */
  readonly readsEveryMs?: number;
  /** All but the senders listen by Server-Sent Events. Stoa only. */
  readonly streams?: true;
  /** Rooms of three on three nodes: a sender, a witness on the owner, a receiver. */
  readonly routed: boolean;
  /** Messages are indexed meanwhile; how far the index is behind is looked at. In other scenarios nothing is indexed. */
  readonly isIndexed?: boolean;
  /** The logs are followed for people who are away. */
  readonly isNotifying?: boolean;
  /** At least so long a window, seconds, and a warm-up at the same rate. */
  readonly steadySeconds?: number;
}
export interface IdleScenario {
  readonly name: string;
  readonly kind: "idle";
  readonly title: string;
  readonly peers: readonly Peer[];
  readonly connections: number;
}
export interface StartScenario {
  readonly name: string;
  readonly kind: "start";
  readonly title: string;
  readonly peers: readonly Peer[];
  /** Messages in the data folder before the start that is timed. */
  readonly messages: number;
}
/** A fourth node comes and goes again while some of the rooms are in use. */
export interface MovedScenario {
  readonly name: string;
  readonly kind: "moved";
  readonly title: string;
  readonly peers: readonly Peer[];
  readonly rooms: number;
  /** Of these: rooms with a message every two seconds or so. */
  readonly active: number;
}
export type Scenario = LoadScenario | IdleScenario | StartScenario | MovedScenario;

const ALL: readonly Peer[] = ["stoa", "raw", "socketio"];
const STOA: readonly Peer[] = ["stoa"];
/** Several processes and no platform to compare with. */
const CLUSTERED: readonly Peer[] = ["stoa", "socketio"];
const ONE_NODE = { nodes: 1, routed: false } as const;
const CLOSED = { kind: "closed", peers: ALL, inFlight: 1, rate: 0, acked: false, ...ONE_NODE } as const;
const RECEIPTS = { ...CLOSED, peers: STOA, rooms: 1, members: 10_000, senders: 16 } as const;
const RATE_1000 = {
  kind: "open",
  peers: STOA,
  rooms: 1,
  members: 1_000,
  senders: 1,
  inFlight: 0,
  rate: 20,
  acked: false,
  ...ONE_NODE,
} as const;
const STEADY = {
  kind: "open",
  peers: STOA,
  rooms: 100,
  members: 2,
  senders: 1,
  inFlight: 0,
  rate: 5_000,
  acked: false,
  steadySeconds: 20,
  ...ONE_NODE,
} as const;
const ROUTED = {
  kind: "open",
  peers: STOA,
  rooms: 50,
  members: 3,
  senders: 1,
  inFlight: 0,
  acked: true,
  nodes: 3,
  routed: true,
} as const;

export const SCENARIOS: readonly Scenario[] = [
  { ...CLOSED, name: "fanout-1", title: "saturated 1:1, 256 rooms of 1", rooms: 256, members: 1, senders: 1 },
  { ...CLOSED, name: "fanout-4", title: "saturated 1:4, 250 rooms of 4", rooms: 250, members: 4, senders: 4 },
  { ...CLOSED, name: "fanout-100", title: "saturated 1:100, 64 in flight", rooms: 1, members: 100, senders: 64 },
  { ...CLOSED, name: "fanout-1000", title: "saturated 1:1000, 64 in flight", rooms: 1, members: 1000, senders: 64 },
  {
    name: "rate-100",
    kind: "open",
    title: "1:100 at 20,000 deliveries/s",
    peers: ALL,
    rooms: 1,
    members: 100,
    senders: 100,
    inFlight: 0,
    rate: 200,
    acked: false,
    ...ONE_NODE,
  },
  { ...RATE_1000, name: "rate-1000", title: "1:1000 at 20,000 deliveries/s" },
  { ...RATE_1000, name: "rate-1000-sse", title: "1:1000 at 20,000 deliveries/s, Server-Sent Events", streams: true },
  {
    name: "echo",
    kind: "open",
    title: "echo, 100 rooms of 1, 1,000 messages/s",
    peers: ALL,
    rooms: 100,
    members: 1,
    senders: 1,
    inFlight: 0,
    rate: 1000,
    acked: true,
    ...ONE_NODE,
  },
  {
    name: "acked",
    kind: "closed",
    title: "durable acked messages, 256 rooms of 2, 16 in flight each",
    peers: STOA,
    rooms: 256,
    members: 2,
    senders: 2,
    inFlight: 16,
    rate: 0,
    acked: true,
    ...ONE_NODE,
  },
  { ...RECEIPTS, name: "receipts-off", title: "one room of 10,000, 16 in flight, nobody reads" },
  {
    ...RECEIPTS,
    name: "receipts-10000",
    title: "one room of 10,000, 16 in flight, each reads and confirms every 5 s",
    readsEveryMs: 5_000,
  },
  { ...STEADY, name: "search-off", title: "100 rooms of 2, 5,000 messages/s, nothing is indexed" },
  { ...STEADY, name: "search-5000", title: "100 rooms of 2, 5,000 messages/s, all are indexed", isIndexed: true },
  { ...STEADY, name: "notify-5000", title: "the same, nothing is indexed, and who is away is told", isNotifying: true },
  { name: "idle", kind: "idle", title: "idle connections", peers: ALL, connections: 10_000 },
  { name: "start-empty", kind: "start", title: "start to ready, empty", peers: STOA, messages: 0 },
  {
    name: "start-million",
    kind: "start",
    title: "start to ready, 1,000,000 messages",
    peers: STOA,
    messages: 1_000_000,
  },
  {
    ...CLOSED,
    name: "nodes-100",
    title: "two nodes, saturated 1:100, 64 in flight",
    peers: CLUSTERED,
    rooms: 1,
    members: 100,
    senders: 64,
    nodes: 2,
  },
  { ...ROUTED, name: "nodes-route", title: "three nodes, 50 rooms, 1,000 messages/s", rate: 1000 },
  { ...ROUTED, name: "nodes-route-200", title: "three nodes, 50 rooms, 200 messages/s", rate: 200 },
  {
    name: "rooms-moved",
    kind: "moved",
    title: "a fourth node comes and goes",
    peers: STOA,
    rooms: 10_000,
    active: 500,
  },
];
