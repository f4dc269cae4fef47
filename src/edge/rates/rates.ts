/**
 * Rate limits of this edge beyond one connection's own: what a user and a tenant may ask over all of their connections and
 * over REST, and how often somebody may connect. Rooms count for themselves, where they are (`actors/room/room-rate.ts`).
 * Invariant: what is refused takes nothing from anybody's share.
 */
import type { Clock } from "../../base/clock.ts";
import type { TenantId } from "../../base/ids.ts";
import { lesser, type Rate, type TokenBucket } from "../../base/token-bucket.ts";
import type { Principal } from "../../domain/principal.ts";
import { isLoopback, networkOf } from "../circle/addresses.ts";
import { type SharedBucket, SharedBuckets, type Usage } from "./shared-buckets.ts";

/** `undefined`: without a bound. */
export interface RateSettings {
  /** Requests: frames of all connections, and REST. */
  readonly user: Rate | undefined;
  readonly tenant: Rate | undefined;
  /** Attempts to connect. */
  readonly connectsOfUser: Rate | undefined;
  readonly connectsOfAddress: Rate | undefined;
}
/** What a tenant's administrators set: it counts where it is less than what the operator allows. */
export interface TenantRates {
  readonly user?: Rate | undefined;
  readonly tenant?: Rate | undefined;
}

export interface RatesPorts {
  readonly clock: Clock;
  readonly settings: RateSettings;
  /** To the other nodes. */
  readonly tell?: ((usage: Usage) => void) | undefined;
}

/** The buckets that each request of somebody takes from. No list: it would be two objects more on each frame's way. */
export interface Share {
  readonly user: SharedBucket | undefined;
  readonly tenant: SharedBucket | undefined;
}

/** What an answer says of the asker's own limit. */
export interface Standing {
  readonly rate: Rate;
  readonly remaining: number;
  readonly fullInMs: number;
}
export interface RequestVerdict {
  /** 0: it may go on. */
  readonly waitMs: number;
  readonly standing: Standing | undefined;
}

const KIND = { user: "u", tenant: "t", connectsOfUser: "c", connectsOfAddress: "a" } as const;
type Kind = keyof typeof KIND;
const KIND_OF = new Map<string, Kind>(Object.entries(KIND).map(([kind, letter]) => [letter, kind as Kind]));

export class Rates {
  readonly #ports: RatesPorts;
  readonly #buckets: SharedBuckets;
  readonly #tenants = new Map<TenantId, TenantRates>();

  constructor(ports: RatesPorts) {
    this.#ports = ports;
    const { clock, tell } = ports;
    this.#buckets = new SharedBuckets({ clock, tell, rateOf: (key) => this.#rateOf(key) ?? NO_BOUND });
  }

  // ---------------------------------------------------------------------------------------------- connections

  /** For as long as the connection lives; to be let go. */
  hold(principal: Principal): Share {
    return this.#shareOf(principal, (key) => this.#buckets.hold(key));
  }

  letGo({ user, tenant }: Share): void {
    if (user !== undefined) this.#buckets.letGo(user);
    if (tenant !== undefined) this.#buckets.letGo(tenant);
  }

  /** 0: one more request may be taken. */
  waitMs({ user, tenant }: Share, nowMs: number): number {
    return Math.max(user?.waitMs(nowMs) ?? 0, tenant?.waitMs(nowMs) ?? 0);
  }

  take({ user, tenant }: Share, nowMs: number): void {
    if (user !== undefined) this.#buckets.take(user, nowMs);
    if (tenant !== undefined) this.#buckets.take(tenant, nowMs);
  }

  // ---------------------------------------------------------------------------------------------- REST

  request(principal: Principal): RequestVerdict {
    const nowMs = this.#ports.clock.monotonicMs();
    const share = this.#shareOf(principal, (key) => this.#buckets.of(key));
    const waitMs = this.waitMs(share, nowMs);
    if (waitMs === 0) this.take(share, nowMs);
    const { user, tenant } = share;
    // Of a tenant's own bound only who meets it is told: the rest of it is other people's doing.
    const isTenants = user === undefined || (waitMs > 0 && user.waitMs(nowMs) !== waitMs);
    const shown = isTenants ? tenant : user;
    return { waitMs, standing: shown && standingOf(shown, nowMs) };
  }

  // ---------------------------------------------------------------------------------------------- attempts to connect

  /** Before the token is looked at. `address`: the client's; `""` when nobody knows it. */
  attempt(address: string): number {
    if (this.#ports.settings.connectsOfAddress === undefined || address === "" || isLoopback(address)) return 0;
    return this.#takeOne(`${KIND.connectsOfAddress}/${networkOf(address)}`);
  }

  connect({ tenant, userId }: Principal): number {
    if (this.#ports.settings.connectsOfUser === undefined) return 0;
    return this.#takeOne(`${KIND.connectsOfUser}/${tenant}/${userId}`);
  }

  #takeOne(key: string): number {
    const nowMs = this.#ports.clock.monotonicMs();
    const bucket = this.#buckets.of(key);
    const waitMs = bucket.waitMs(nowMs);
    if (waitMs === 0) this.#buckets.take(bucket, nowMs);
    return waitMs;
  }

  // ---------------------------------------------------------------------------------------------- what changes

  heard(usage: Usage): void {
    this.#buckets.heard(usage);
  }

  /** `undefined`: what the operator says. Connections that are open keep to it from their next request on. */
  setTenant(tenant: TenantId, rates: TenantRates | undefined): void {
    if (rates === undefined && !this.#tenants.has(tenant)) return;
    if (rates === undefined) this.#tenants.delete(tenant);
    else this.#tenants.set(tenant, rates);
    this.#buckets.reset((key) => key === `${KIND.tenant}/${tenant}` || key.startsWith(`${KIND.user}/${tenant}/`));
  }

  stop(): void {
    this.#buckets.stop();
  }

  /** The user's first. */
  #shareOf({ tenant, userId }: Principal, bucketOf: (key: string) => SharedBucket): Share {
    const bucketIf = (key: string): SharedBucket | undefined =>
      this.#rateOf(key) === undefined ? undefined : bucketOf(key);
    return { user: bucketIf(`${KIND.user}/${tenant}/${userId}`), tenant: bucketIf(`${KIND.tenant}/${tenant}`) };
  }

  #rateOf(key: string): Rate | undefined {
    const kind = KIND_OF.get(key.slice(0, 1));
    if (kind === undefined) return undefined;
    const rate = this.#ports.settings[kind];
    if (kind !== "user" && kind !== "tenant") return rate;
    const tenant = key.split("/")[1] as TenantId;
    return lesser(rate, this.#tenants.get(tenant)?.[kind]);
  }
}

/** Of a key that nobody limits: another node said something of it. */
const NO_BOUND: Rate = { perSecond: 1_000_000, burst: 1_000_000 };

function standingOf(bucket: TokenBucket, nowMs: number): Standing {
  return { rate: bucket.rate, remaining: bucket.level(nowMs), fullInMs: bucket.fullInMs(nowMs) };
}
