/**
 * Turns readings of the registry into views. Owns the heartbeat; decides what silence means.
 * Invariants: one beat is under way at most, and none after `leave`; a view is told only when something in it differs from
 * the one before; this node is always in it.
 */
import type { Clock, Timer } from "../base/clock.ts";
import type { Random } from "../base/prng.ts";
import type { Beat, Membership, NodeId, NodeInfo, Reading } from "./membership.ts";
import type { View } from "./placement.ts";

/** What the roster tells. */
export interface RosterEvents {
  /** Something of the view changed; the first one comes with the first answer of the registry. */
  changed(view: View): void;
  /** This node has just come or is about to go: others should look now instead of at their next beat. */
  announce(): void;
}

/** What the roster is told by others than the registry. */
export interface RosterInputs {
  busChanged(isUp: boolean): void;
  peerReachable(peer: NodeId, isReachable: boolean): void;
  /** A peer asked to look now. */
  rollCall(): void;
  /**
   * This node is about to go: from its next beat, made at once, it is registered as `leaving`. It stays in everybody's view,
   * its own included, and owns nothing; its clients are still served through it.
   */
  retire(): void;
  /** Takes this node out of the registry; no beat follows. */
  leave(done: () => void): void;
}

export interface RosterSettings {
  /** From the start of one beat to that of the next, on average. */
  readonly beatMs: number;
  /** How long a registration lasts, by the registry's clock. */
  readonly ttlMs: number;
  /** After this time a beat counts as not answered. */
  readonly timeoutMs: number;
  /** A registry that has not answered for so long is out of reach. */
  readonly isolatedAfterMs: number;
}

const ROSTER_SETTINGS: RosterSettings = {
  beatMs: 1_000,
  ttlMs: 6_000,
  timeoutMs: 1_500,
  isolatedAfterMs: 2_000,
};

export interface RosterPorts {
  readonly membership: Membership;
  readonly clock: Clock;
  readonly random: Random;
  readonly self: NodeInfo;
  readonly settings?: Partial<RosterSettings>;
  readonly events: RosterEvents;
  readonly report: (event: string, details: Readonly<Record<string, string | number>>) => void;
}

/** Beats of many nodes that were started at once drift apart. */
const BEAT_JITTER = 0.1;
/** A timer that comes so late says that this process stood still: the answer may be there already, unread. */
const STOOD_STILL_MS = 200;
const SECOND_LOOK_MS = 250;

interface Known {
  readonly info: NodeInfo;
  /** Not in the last reading, which says nothing of who is missing: it stays until then. */
  readonly missingUntilMs: number | undefined;
}

export class Roster implements RosterInputs {
  readonly #ports: RosterPorts;
  readonly #settings: RosterSettings;
  #self: NodeInfo;
  #others = new Map<NodeId, Known>();
  readonly #silentPeers = new Set<NodeId>();
  #generation: string | undefined;
  #view: View | undefined;
  #isBusUp = false;
  #isRegistryOut = false;
  /** Whether the node was isolated at any time since the last reading. */
  #wasIsolated = false;
  /** Start of the last beat that was answered: from then on the registration lasts. */
  #renewedMs: number | undefined;
  #answeredMs = 0;
  #lapses = 0;
  #lapsedMs: number | undefined;
  #beatTimer: Timer | undefined;
  #silenceTimer: Timer | undefined;
  #lapseTimer: Timer | undefined;
  #isBeating = false;
  #beatAgain = false;
  #owesAnnouncement = true;
  /** Set by `leave`. */
  #onLeft: (() => void) | undefined;

  constructor(ports: RosterPorts) {
    this.#ports = ports;
    this.#settings = { ...ROSTER_SETTINGS, ...ports.settings };
    this.#self = ports.self;
  }

  start(): void {
    this.#beat();
  }

  busChanged(isUp: boolean): void {
    if (isUp === this.#isBusUp) return;
    this.#isBusUp = isUp;
    this.#publish();
    this.#announceIfDue();
  }

  peerReachable(peer: NodeId, isReachable: boolean): void {
    if (isReachable) this.#silentPeers.delete(peer);
    else this.#silentPeers.add(peer);
    this.#publish();
  }

  rollCall(): void {
    this.#beatNow();
  }

  retire(): void {
    if (this.#self.leaving) return;
    this.#self = { ...this.#self, leaving: true };
    this.#owesAnnouncement = true;
    this.#beatNow();
    this.#publish();
  }

  leave(done: () => void): void {
    if (this.#onLeft !== undefined) return;
    this.#onLeft = done;
    this.#beatTimer?.cancel();
    this.#silenceTimer?.cancel();
    this.#lapseTimer?.cancel();
    // A beat that is under way might register this node again: its answer comes first.
    if (!this.#isBeating) this.#unregister(done);
  }

  #unregister(done: () => void): void {
    this.#ports.membership.leave(this.#self, () => {
      this.#ports.events.announce();
      done();
    });
  }

  /** At once, or as soon as the one that is under way is answered. */
  #beatNow(): void {
    if (this.#isBeating) this.#beatAgain = true;
    else this.#beat();
  }

  #beat(): void {
    if (this.#onLeft !== undefined) return;
    const { clock, membership } = this.#ports;
    const { ttlMs, timeoutMs } = this.#settings;
    const startedMs = clock.monotonicMs();
    this.#beatTimer?.cancel();
    this.#isBeating = true;
    this.#beatAgain = false;
    const asked = this.#self;
    membership.beat(asked, { ttlMs, timeoutMs }, (beat) => this.#answered(startedMs, asked, beat));
    if (this.#lookForLapse()) this.#publish();
  }

  #answered(startedMs: number, asked: NodeInfo, beat: Beat): void {
    this.#isBeating = false;
    if (this.#onLeft !== undefined) {
      this.#unregister(this.#onLeft);
      return;
    }
    const { clock, random } = this.#ports;
    const { ttlMs, beatMs } = this.#settings;
    const nowMs = clock.monotonicMs();
    // A process that stood still may get its answer so late that the registration which it speaks of is over.
    const isAnswer = beat.ok && nowMs - startedMs <= ttlMs;
    const hasLapsed = this.#lookForLapse(isAnswer);
    if (isAnswer) {
      this.#takeReading(startedMs, nowMs, beat.reading);
      // One that still said the contrary of a retirement is followed by another one.
      if (asked === this.#self) this.#announceIfDue();
    } else if (hasLapsed) {
      this.#publish();
    }
    // Whoever was told of the view may have asked for a beat.
    if (this.#isBeating) return;
    const intervalMs = beatMs * (1 - BEAT_JITTER + 2 * BEAT_JITTER * random.next());
    if (this.#beatAgain) this.#beat();
    else this.#beatTimer = clock.after(Math.max(0, startedMs + intervalMs - nowMs), () => this.#beat());
  }

  #takeReading(startedMs: number, nowMs: number, reading: Reading): void {
    const { clock, report } = this.#ports;
    const { ttlMs, isolatedAfterMs } = this.#settings;
    const isOther = this.#generation !== undefined && this.#generation !== reading.generation;
    if (isOther) report("registry_emptied", { generation: reading.generation });
    // Whoever is missing after an interruption may only not be back yet: the registry may have lost them.
    const patienceMs = isOther || this.#wasIsolated ? nowMs + ttlMs : undefined;
    const others = new Map<NodeId, Known>();
    for (const info of reading.nodes) {
      if (info.id !== this.#self.id) others.set(info.id, { info, missingUntilMs: undefined });
    }
    for (const [id, { info, missingUntilMs }] of this.#others) {
      const untilMs = missingUntilMs ?? patienceMs;
      if (others.has(id)) continue;
      if (untilMs !== undefined && untilMs > nowMs) others.set(id, { info, missingUntilMs: untilMs });
      else this.#silentPeers.delete(id);
    }
    this.#others = others;
    this.#generation = reading.generation;
    this.#renewedMs = startedMs;
    this.#lapsedMs = undefined;
    this.#answeredMs = nowMs;
    this.#isRegistryOut = false;
    this.#wasIsolated = false;
    this.#silenceTimer?.cancel();
    this.#silenceTimer = clock.after(isolatedAfterMs, () => this.#lookForSilence(nowMs + isolatedAfterMs));
    this.#lapseTimer?.cancel();
    this.#lapseTimer = clock.after(startedMs + ttlMs - nowMs + 1, () => {
      if (this.#lookForLapse()) this.#publish();
    });
    this.#publish();
  }

  #lookForSilence(dueMs: number): void {
    const { clock } = this.#ports;
    const nowMs = clock.monotonicMs();
    if (nowMs - dueMs > STOOD_STILL_MS) {
      this.#silenceTimer = clock.after(SECOND_LOOK_MS, () => this.#lookForSilence(nowMs + SECOND_LOOK_MS));
      return;
    }
    this.#isRegistryOut = true;
    this.#ports.report("registry_silent", { silentMs: Math.round(nowMs - this.#answeredMs) });
    this.#publish();
  }

  /**
   * Whether another lapse is to be counted: the registration was over for a while. Once when that is noticed, and once more
   * when it is renewed after a longer absence, because others may have taken rooms in between.
   */
  #lookForLapse(isBack = false): boolean {
    if (this.#renewedMs === undefined) return false;
    const { ttlMs, beatMs } = this.#settings;
    const nowMs = this.#ports.clock.monotonicMs();
    const goneMs = nowMs - this.#renewedMs;
    if (goneMs <= ttlMs) return false;
    if (this.#lapsedMs !== undefined && !(isBack && nowMs - this.#lapsedMs >= beatMs)) return false;
    this.#lapsedMs = nowMs;
    this.#lapses += 1;
    this.#ports.report("registration_lapsed", { goneMs: Math.round(goneMs) });
    return true;
  }

  /** Once this node's first registration, or its retirement, is there to be read, and others can be told. */
  #announceIfDue(): void {
    if (!this.#owesAnnouncement || this.#renewedMs === undefined || !this.#isBusUp || this.#isBeating) return;
    this.#owesAnnouncement = false;
    this.#ports.events.announce();
  }

  #publish(): void {
    // Before the first answer nothing is known, this node's own place included.
    if (this.#renewedMs === undefined) return;
    const isolated = this.#isRegistryOut || !this.#isBusUp;
    this.#wasIsolated ||= isolated;
    const infos = [this.#self, ...[...this.#others.values()].map(({ info }) => info)];
    const nodes = infos.sort((a, b) => (a.id < b.id ? -1 : 1));
    const unreachable = nodes
      .map(({ id }) => id)
      .filter((id) => id !== this.#self.id && (isolated || this.#silentPeers.has(id)));
    const version = (this.#view?.version ?? 0) + 1;
    const view: View = { version, self: this.#self.id, nodes, isolated, unreachable, lapses: this.#lapses };
    if (this.#view !== undefined && isSame(this.#view, view)) return;
    this.#view = view;
    this.#ports.events.changed(view);
  }
}

/** Apart from the version. */
function isSame(a: View, b: View): boolean {
  return (
    a.isolated === b.isolated &&
    a.lapses === b.lapses &&
    a.nodes.length === b.nodes.length &&
    a.unreachable.length === b.unreachable.length &&
    a.unreachable.every((id, index) => id === b.unreachable[index]) &&
    a.nodes.every((node, index) => isSameNode(node, b.nodes[index]))
  );
}

function isSameNode(a: NodeInfo, b: NodeInfo | undefined): boolean {
  return (
    b !== undefined &&
    a.id === b.id &&
    a.instance === b.instance &&
    a.shards === b.shards &&
    a.address === b.address &&
    a.startedAt === b.startedAt &&
    a.leaving === b.leaving
  );
}
