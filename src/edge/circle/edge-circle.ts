/**
 * What the edges of all nodes keep in common: shares of rate limits, who may come in, announcements. Each node keeps its own
 * copy and tells the others what it did; nobody waits for anybody.
 */
import type { AccessEntry, TenantAccess, TenantLimits } from "../../actors/tenant-calls.ts";
import type { Clock } from "../../base/clock.ts";
import type { TenantId } from "../../base/ids.ts";
import type { Result } from "../../base/result.ts";
import type { Principal } from "../../domain/principal.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { NotificationFrame } from "../../protocol/frames.ts";
import { Access } from "./access.ts";
import { Announcer } from "./announcer.ts";
import type { Auth } from "../auth.ts";
import type { Connection } from "../sockets/connection.ts";
import { DeliveryTrace } from "./delivery-trace.ts";
import { Dismissals } from "./dismissals.ts";
import type { Engine } from "../ports.ts";
import type { EdgeRoom } from "../sockets/edge-room.ts";
import { decodeNotice, type EdgeNotice, encodeNotice } from "./edge-notices.ts";
import { Rates, type RateSettings } from "../rates/rates.ts";
import type { PulseView } from "../figures/pulse.ts";
import { Profiles } from "./profiles.ts";
import { PulseDesk, type SeenNode } from "./pulse-desk.ts";
import { TraceDesk } from "./trace-desk.ts";

export interface EdgeCirclePorts {
  readonly clock: Clock;
  readonly auth: Pick<Auth, "verifyToken">;
  readonly limits: RateSettings;
  /** Whose token was verified. */
  readonly seen?: ((principal: Principal) => void) | undefined;
  /** What this node is called, and who the others are now. */
  readonly node: string;
  readonly others?: () => readonly string[];
  /** All nodes there are, this one included; absent: it is alone. */
  readonly nodes?: () => readonly SeenNode[];
  /** How this node has been. */
  readonly pulse?: (sinceMs: number) => PulseView | undefined;
  readonly gateway: () => Engine & {
    readonly connections: ReadonlyMap<number, Connection>;
    readonly rooms: ReadonlyMap<string, EdgeRoom>;
    loadAccess(tenant: TenantId): Promise<Result<TenantAccess, Rejection>>;
    sharesChanged(tenant: TenantId): void;
    tenantChanged(tenant: TenantId): void;
  };
  /** To the edges of the other nodes; absent: there are none. */
  readonly tell?: ((block: Uint8Array) => void) | undefined;
}

export class EdgeCircle {
  readonly rates: Rates;
  readonly access: Access;
  /** What became of messages here, and everywhere. */
  readonly trace: DeliveryTrace;
  readonly desk: TraceDesk;
  /** How the nodes have been lately. */
  readonly pulse: PulseDesk;
  readonly dismissals: Dismissals;
  readonly profiles: Profiles;
  readonly #announcer: Announcer;
  readonly #gateway: EdgeCirclePorts["gateway"];
  readonly #tell: ((block: Uint8Array) => void) | undefined;

  constructor(ports: EdgeCirclePorts) {
    const { clock, auth, limits, seen, node, others = () => [], gateway, tell } = ports;
    const connections = (): Iterable<Connection> => gateway().connections.values();
    this.#tell = tell;
    this.#gateway = gateway;
    this.rates = new Rates({
      clock,
      settings: limits,
      ...(tell !== undefined && { tell: (used) => this.#say({ kind: "usage", used }) }),
    });
    this.access = new Access({
      clock,
      auth,
      seen,
      connections,
      load: (tenant) => gateway().loadAccess(tenant),
      limitsChanged: (tenant, { user, tenant: all }) => {
        this.rates.setTenant(tenant, { user, tenant: all });
        gateway().sharesChanged(tenant);
      },
    });
    this.trace = new DeliveryTrace(node, clock);
    this.desk = new TraceDesk({
      clock,
      trace: this.trace,
      rooms: () => gateway().rooms,
      others,
      tell: (notice) => this.#say(notice),
    });
    this.pulse = new PulseDesk({
      ...{ clock, node },
      nodes: ports.nodes ?? (() => [{ id: node, instance: node, leaving: false }]),
      tell: (notice) => this.#say(notice),
      own: (sinceMs) => ports.pulse?.(sinceMs),
    });
    const say = (notice: EdgeNotice): void => this.#say(notice);
    this.dismissals = new Dismissals({ clock, node, others, connections, tell: say });
    this.profiles = new Profiles({ clock, node, others, engine: gateway, tell: say });
    this.#announcer = new Announcer({ clock, connections });
  }

  /** An administrator changed it here. */
  accessChanged(tenant: TenantId, entry: AccessEntry): void {
    this.access.learn(tenant, entry);
    this.#say({ kind: "access", tenant, entry });
  }

  limitsChanged(tenant: TenantId, limits: TenantLimits): void {
    this.access.learnLimits(tenant, limits);
    this.#say({ kind: "limits", tenant, limits });
    // What may be written in one room its shard counts.
    this.tenantChanged(tenant);
  }

  /** What administrators want of their rooms is something else. */
  tenantChanged(tenant: TenantId): void {
    this.#gateway().tenantChanged(tenant);
    this.#say({ kind: "tenant_changed", tenant });
  }

  announce(tenant: TenantId, frame: NotificationFrame): void {
    this.#announcer.tell(tenant, frame);
    this.#say({ kind: "announcement", tenant, frame });
  }

  /** Another edge said something. */
  heard(block: Uint8Array): void {
    const notice = decodeNotice(block);
    switch (notice?.kind) {
      case "usage":
        return this.rates.heard(notice.used);
      case "access":
        return this.access.learn(notice.tenant, notice.entry);
      case "limits":
        return this.access.learnLimits(notice.tenant, notice.limits);
      case "announcement":
        return this.#announcer.tell(notice.tenant, notice.frame);
      case "tenant_changed":
        return this.#gateway().tenantChanged(notice.tenant);
      case "trace_ask":
      case "trace_told":
        return this.desk.heard(notice);
      case "pulse_ask":
      case "pulse_told":
        return this.pulse.heard(notice);
      case "dismiss_ask":
      case "dismiss_told":
        return this.dismissals.heard(notice);
      case "profile_ask":
      case "profile_told":
        return this.profiles.heard(notice);
      case undefined:
    }
  }

  /** What another edge said may have been lost. */
  lost(): void {
    void this.access.reread();
  }

  stop(): void {
    this.rates.stop();
    this.access.stop();
  }

  #say(notice: EdgeNotice): void {
    this.#tell?.(encodeNotice(notice));
  }
}
