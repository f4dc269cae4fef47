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
export type Scenario = LoadScenario | IdleScenario | StartScenario;

const ALL: readonly Peer[] = ["stoa", "raw", "socketio"];
const STOA: readonly Peer[] = ["stoa"];
const CLOSED = { kind: "closed", peers: ALL, inFlight: 1, rate: 0, acked: false } as const;

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
  },
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
  },
  { name: "idle", kind: "idle", title: "idle connections", peers: ALL, connections: 10_000 },
  { name: "start-empty", kind: "start", title: "start to ready, empty", peers: STOA, messages: 0 },
  {
    name: "start-million",
    kind: "start",
    title: "start to ready, 1,000,000 messages",
    peers: STOA,
    messages: 1_000_000,
  },
];
