/**
 * What tenants say of notifications, as whoever sends them knows it: the default, who may not come in any more, who wants all
 * messages. Read again when it is `NOTIFY_KNOWN_MS` old. Invariant: of a tenant that is not known nobody is told anything.
 */
import type { AccessEntry } from "../../actors/tenant-calls.ts";
import type { KeptSubscription } from "../../actors/notify-calls.ts";
import type { Clock } from "../../base/clock.ts";
import type { RoomId, TenantId, UserId } from "../../base/ids.ts";
import {
  NOTIFY_EAGER_IN_ROOM_MAX,
  NOTIFY_EAGER_MAX,
  NOTIFY_KNOWN_MS,
  NOTIFY_ROOMS_KNOWN_MAX,
  NOTIFY_TENANTS_KNOWN_MAX,
} from "../../base/limits.ts";
import { TENANT_NOTIFY_DEFAULT, type TenantNotify } from "../../domain/notify/preferences.ts";
import type { ListedDocument } from "../../storage/projections.ts";
import type { EngineAsker } from "./engine-asker.ts";

/** Documents of the tenant, as actors keep them: `tenant-moderation.ts`, `tenant-access.ts`, `user-notify.ts`. */
const BOOK_COLLECTIONS = { settings: "tenant", access: "access", eager: "notify_eager" } as const;
const NOTIFICATIONS = "notifications";
const OF_ALL_ROOMS = "*";
const PAGE = 1_000;

export interface KnownTenant {
  readonly notify: TenantNotify;
  readonly access: ReadonlyMap<string, AccessEntry>;
  /** They may want all messages of all rooms. */
  readonly eager: ReadonlySet<UserId>;
}
interface Known<Value> {
  readonly value: Value;
  readonly atMs: number;
}

export class TenantBook {
  readonly #engine: EngineAsker;
  readonly #clock: Clock;
  readonly #tenants = new Map<TenantId, Known<KnownTenant>>();
  readonly #rooms = new Map<string, Known<readonly UserId[]>>();

  constructor(engine: EngineAsker, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** `undefined`: not to be had now. */
  async tenant(tenant: TenantId): Promise<KnownTenant | undefined> {
    const known = this.#fresh(this.#tenants.get(tenant));
    if (known !== undefined) return known;
    const [settings, access, eager] = await Promise.all([
      this.#engine.documents(tenant, BOOK_COLLECTIONS.settings, { limit: PAGE }),
      this.#engine.documents(tenant, BOOK_COLLECTIONS.access, { limit: PAGE }),
      this.#eager(tenant, OF_ALL_ROOMS, NOTIFY_EAGER_MAX),
    ]);
    if (settings === undefined || access === undefined || eager === undefined) return undefined;
    const own = settings.find(({ id }) => id === NOTIFICATIONS)?.value as TenantNotify | undefined;
    const entries = access.flatMap(({ value }) => (value as { readonly entries: readonly AccessEntry[] }).entries);
    const value: KnownTenant = {
      notify: own ?? TENANT_NOTIFY_DEFAULT,
      access: new Map(entries.map((entry) => [entry.key, entry])),
      eager: new Set(eager),
    };
    this.#keep(this.#tenants, tenant, value, NOTIFY_TENANTS_KNOWN_MAX);
    return value;
  }

  /** Who may want all messages of this room. */
  async eagerIn(tenant: TenantId, room: RoomId): Promise<readonly UserId[] | undefined> {
    const key = `${tenant}/${room}`;
    const known = this.#fresh(this.#rooms.get(key));
    if (known !== undefined) return known;
    const eager = await this.#eager(tenant, room, NOTIFY_EAGER_IN_ROOM_MAX);
    if (eager !== undefined) this.#keep(this.#rooms, key, eager, NOTIFY_ROOMS_KNOWN_MAX);
    return eager;
  }

  async #eager(tenant: TenantId, scope: string, max: number): Promise<readonly UserId[] | undefined> {
    const prefix = `${scope}/`;
    const found: UserId[] = [];
    for (let after = prefix; ; ) {
      const page = await this.#engine.documents(tenant, BOOK_COLLECTIONS.eager, { after, limit: PAGE });
      if (page === undefined) return undefined;
      const own = page.filter(({ id }) => id.startsWith(prefix));
      found.push(...own.map(({ id }) => id.slice(prefix.length) as UserId));
      const last: ListedDocument | undefined = page.at(-1);
      if (own.length < PAGE || last === undefined || found.length >= max) return found.slice(0, max);
      after = last.id;
    }
  }

  #fresh<Value>(known: Known<Value> | undefined): Value | undefined {
    const isFresh = known !== undefined && this.#clock.monotonicMs() - known.atMs < NOTIFY_KNOWN_MS;
    return isFresh ? known.value : undefined;
  }

  /** The one that was read longest ago goes. */
  #keep<Key, Value>(map: Map<Key, Known<Value>>, key: Key, value: Value, max: number): void {
    map.delete(key);
    map.set(key, { value, atMs: this.#clock.monotonicMs() });
    if (map.size <= max) return;
    for (const oldest of map.keys()) {
      map.delete(oldest);
      return;
    }
  }
}

export function isSuspended({ access }: Pick<KnownTenant, "access">, userId: UserId, nowMs: number): boolean {
  const suspended = access.get(`user:${userId}`)?.suspended;
  return suspended !== undefined && (suspended.until ?? Number.POSITIVE_INFINITY) > nowMs;
}

/** The token that the browser was added with is not valid any more, since an administrator said so. */
export function isRevoked(
  { access }: Pick<KnownTenant, "access">,
  userId: UserId,
  { tokenId, issuedAtMs = 0 }: KeptSubscription,
): boolean {
  const before = access.get(`user:${userId}`)?.before;
  if (before !== undefined && issuedAtMs < before) return true;
  return tokenId !== undefined && access.has(`token:${tokenId}`);
}
