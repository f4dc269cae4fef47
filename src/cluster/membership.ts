/**
 * Port of the registry of nodes: who is there. It only hints at who should own a room; safety comes from the log.
 * An adapter keeps no opinion: it registers, it reads. What a reading means is decided in `roster.ts`.
 */

declare const brand: unique symbol;
/** Names one run of one node's process: `instance.boot`. A node that was started again is another one. */
export type NodeId = string & { readonly [brand]: "NodeId" };

export interface NodeInfo {
  readonly id: NodeId;
  /** `INSTANCE_ID`, for people. */
  readonly instance: string;
  /** How many shards it runs: senders address a shard directly. */
  readonly shards: number;
  /** Where its HTTP port is, for people; may be empty. */
  readonly address: string;
  /** Wall clock, milliseconds since 1970. */
  readonly startedAt: number;
  /** It is about to go: it owns nothing any more, and its clients are still served through it. */
  readonly leaving: boolean;
}

export interface Reading {
  /** Another value than before: the registry was emptied or rolled back, and who is missing may only not be back yet. */
  readonly generation: string;
  /** Everybody whose registration has not expired by the registry's own time, the asker included; in any order. */
  readonly nodes: readonly NodeInfo[];
}

export type Beat =
  | { readonly ok: true; readonly reading: Reading }
  | { readonly ok: false; readonly error: "unavailable" };

export interface Membership {
  /**
   * Registers `self` for `ttlMs` from now, by the registry's clock, and reads who is there, in one round trip.
   * `done` is called once, later, also when there is no answer within `timeoutMs`.
   */
  beat(
    self: NodeInfo,
    options: { readonly ttlMs: number; readonly timeoutMs: number },
    done: (beat: Beat) => void,
  ): void;
  /** Takes `self` out at once. What a failure leaves behind expires. */
  leave(self: NodeInfo, done: () => void): void;
}
