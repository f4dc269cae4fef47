/**
 * Webhooks of tenants: what is kept of each, as documents. Administrators change them, and whoever delivers writes how far it is.
 * Invariants: a secret leaves in the answer that made it and in no other; each change is followed by a touch of the registry; a
 * place is only moved by whoever knows where it stands.
 */
import type { Clock } from "../base/clock.ts";
import type { TenantId, UserId } from "../base/ids.ts";
import { WEBHOOK_DEAD_PAGE, WEBHOOK_OVERLAP_MS, WEBHOOKS_MAX, WEBHOOKS_WAITING_MAX } from "../base/limits.ts";
import type { Random } from "../base/prng.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Rejection } from "../protocol/errors.ts";
import { cursorText } from "./cursor.ts";
import type { FeedDocuments, Stored } from "./feed-engine.ts";
import { withFilter } from "./feed-reader.ts";
import type { FeedRegistry } from "./feed-registry.ts";
import type { FeedFrom, TenantFeed } from "./tenant-feed.ts";
import type { DeadLetter, Webhook, WebhookPlace, WebhookState, WebhookWish } from "./webhook-records.ts";

export interface WebhooksParts {
  readonly documents: FeedDocuments;
  readonly registry: FeedRegistry;
  readonly feed: TenantFeed;
  readonly clock: Clock;
  readonly random: Random;
  /** Why an address can't be one; `undefined`: it may be. */
  readonly refuseUrl: (url: string) => string | undefined;
}

const HOOKS = "webhooks";
const PLACES = "webhook_places";
const ROUNDS_MAX = 5;
const LEFTOVERS = 5;
const SECRET_LENGTH = 40;
const SET_BY_LENGTH = 12;
const NOT_FOUND: Rejection = { code: "not_found", message: "There is no such webhook." };
const TOO_MANY: Rejection = { code: "too_many", message: `A tenant has at most ${WEBHOOKS_MAX} webhooks.` };
const OVERLOADED: Rejection = {
  code: "overloaded",
  message: `${WEBHOOKS_WAITING_MAX} webhooks of this tenant are being made already.`,
  retryAfterMs: 1_000,
};
const NOBODY_WAITS = { last: Promise.resolve(), count: 0 } as const;
const CHANGED: Rejection = { code: "conflict", message: "Somebody else changed this webhook meanwhile." };

export class Webhooks {
  readonly #parts: WebhooksParts;
  /** Those of each tenant that are being made: the last one, and how many. */
  readonly #creating = new Map<TenantId, { readonly last: Promise<unknown>; readonly count: number }>();

  constructor(parts: WebhooksParts) {
    this.#parts = parts;
  }

  /** One after the other of each tenant, so that those which come at once are counted. */
  create(
    tenant: TenantId,
    wish: WebhookWish & { readonly url: string },
    how: { readonly by: UserId; readonly from: FeedFrom },
  ): Promise<Result<WebhookState, Rejection>> {
    const { last, count } = this.#creating.get(tenant) ?? NOBODY_WAITS;
    if (count >= WEBHOOKS_WAITING_MAX) return Promise.resolve(err(OVERLOADED));
    // Failures are values: none keeps the next one from its turn.
    const created = last.then(() => this.#create(tenant, wish, how));
    this.#creating.set(tenant, { last: created, count: count + 1 });
    return created.finally(() => {
      const now = this.#creating.get(tenant) ?? NOBODY_WAITS;
      if (now.count <= 1) this.#creating.delete(tenant);
      else this.#creating.set(tenant, { ...now, count: now.count - 1 });
    });
  }

  async #create(
    tenant: TenantId,
    { url, description, types, rooms, isPaused }: WebhookWish & { readonly url: string },
    { by, from }: { readonly by: UserId; readonly from: FeedFrom },
  ): Promise<Result<WebhookState, Rejection>> {
    const { documents, registry, feed, clock, random } = this.#parts;
    const wrong = this.#refuse(url);
    if (wrong !== undefined) return err(wrong);
    const all = await documents.list(tenant, HOOKS, { limit: WEBHOOKS_MAX });
    if (!all.ok) return all;
    if (all.value.length >= WEBHOOKS_MAX) return err(TOO_MANY);
    const start = await feed.start(tenant, from);
    if (!start.ok) return start;
    const nowMs = clock.wallMs();
    const id = `wh_${random.token(20)}`;
    const hook: Webhook = withFilter({
      ...{ url, secret: `whsec_${random.token(SECRET_LENGTH)}`, by, createdMs: nowMs, changedMs: nowMs },
      ...optional({ description, types, rooms }),
      ...(isPaused === true && { isPaused }),
    });
    const place: WebhookPlace = { cursor: cursorText(start.value), delivered: 0, dead: 0 };
    // First where it begins: whoever finds the webhook finds that, too.
    for (const [collection, value] of [
      [PLACES, place],
      [HOOKS, hook],
    ] as const) {
      const written = await documents.write(tenant, collection, id, value, 0);
      if (!written.ok) return written;
    }
    const touched = await registry.touch(tenant);
    return touched.ok ? ok({ id, hook, place }) : touched;
  }

  async list(tenant: TenantId): Promise<Result<readonly WebhookState[], Rejection>> {
    const { documents } = this.#parts;
    const hooks = await documents.list<Webhook>(tenant, HOOKS, { limit: WEBHOOKS_MAX });
    if (!hooks.ok) return hooks;
    // Leftovers of some that are gone may be among them.
    const places = await documents.list<WebhookPlace>(tenant, PLACES, { limit: LEFTOVERS * WEBHOOKS_MAX });
    if (!places.ok) return places;
    const placeOf = new Map(places.value.map(({ id, value }) => [id, value]));
    return ok(hooks.value.map(({ id, value }) => ({ id, hook: value, place: placeOf.get(id) ?? UNKNOWN_PLACE })));
  }

  async get(tenant: TenantId, id: string): Promise<Result<WebhookState, Rejection>> {
    const hook = await this.hook(tenant, id);
    if (!hook.ok) return hook;
    const place = await this.place(tenant, id);
    return place.ok ? ok({ id, hook: hook.value.value, place: place.value?.value ?? UNKNOWN_PLACE }) : place;
  }

  /** What the wish does not name stays. Whoever switches one on again that was given up begins anew with its attempts. */
  async change(tenant: TenantId, id: string, wish: WebhookWish): Promise<Result<WebhookState, Rejection>> {
    const wrong = wish.url === undefined ? undefined : this.#refuse(wish.url);
    if (wrong !== undefined) return err(wrong);
    const { isPaused, ...fields } = wish;
    const changed = await this.#update(tenant, id, ({ isPaused: was, disabled, ...hook }) => ({
      ...withFilter({ ...hook, ...optional(fields) }),
      ...((isPaused ?? was === true) && { isPaused: true as const }),
      ...(isPaused !== false && disabled !== undefined && { disabled }),
    }));
    if (!changed.ok) return changed;
    if (isPaused === false) {
      const cleared = await this.#movePlace(tenant, id, (place) => {
        const { failing, ...rest } = place;
        return failing === undefined ? place : rest;
      });
      if (!cleared.ok) return cleared;
    }
    return this.#touched(tenant, id);
  }

  /** Another secret; the one before signs for a while as well. */
  async rotate(tenant: TenantId, id: string): Promise<Result<WebhookState, Rejection>> {
    const { clock, random } = this.#parts;
    const secret = `whsec_${random.token(SECRET_LENGTH)}`;
    const changed = await this.#update(tenant, id, (hook) => {
      // Written, though nobody said so: the one before is not the new one.
      if (hook.secret === secret) return hook;
      return { ...hook, secret, former: { secret: hook.secret, untilMs: clock.wallMs() + WEBHOOK_OVERLAP_MS } };
    });
    return changed.ok ? this.#touched(tenant, id) : changed;
  }

  /** Everything from there on comes again, or is passed over. */
  async replay(tenant: TenantId, id: string, from: FeedFrom): Promise<Result<WebhookState, Rejection>> {
    const hook = await this.hook(tenant, id);
    if (!hook.ok) return hook;
    const start = await this.#parts.feed.start(tenant, from);
    if (!start.ok) return start;
    const cursor = cursorText(start.value);
    const setBy = this.#parts.random.token(SET_BY_LENGTH);
    const moved = await this.#movePlace(tenant, id, (place) => {
      // Written, though nobody said so: whoever delivers may be further by now.
      if (place.setBy === setBy) return place;
      const { failing: _failing, ...rest } = place;
      return { ...rest, cursor, setBy };
    });
    return moved.ok ? this.#touched(tenant, id) : moved;
  }

  async remove(tenant: TenantId, id: string): Promise<Result<true, Rejection>> {
    const { documents, registry } = this.#parts;
    const hook = await this.hook(tenant, id);
    if (!hook.ok) return hook;
    const gone = await documents.write(tenant, HOOKS, id, null, hook.value.version);
    if (!gone.ok) return gone;
    if (!gone.value) return err(CHANGED);
    // Nobody delivers any more what follows; leftovers of the rest are of no use to anybody.
    const place = await this.place(tenant, id);
    if (place.ok && place.value !== null) await documents.write(tenant, PLACES, id, null, place.value.version);
    for (;;) {
      const letters = await this.deadLetters(tenant, id, { limit: WEBHOOK_DEAD_PAGE });
      if (!letters.ok || letters.value.length === 0) break;
      for (const letter of letters.value) {
        await documents.write(tenant, lettersOf(id), letter.id, null, letter.version);
      }
    }
    return registry.touch(tenant);
  }

  // ------------------------------------------------------------------------------ for whoever delivers

  async hook(tenant: TenantId, id: string): Promise<Result<Stored<Webhook>, Rejection>> {
    const read = await this.#parts.documents.read<Webhook>(tenant, HOOKS, id);
    if (!read.ok) return read;
    return read.value === null ? err(NOT_FOUND) : ok(read.value);
  }

  place(tenant: TenantId, id: string): Promise<Result<Stored<WebhookPlace> | null, Rejection>> {
    return this.#parts.documents.read<WebhookPlace>(tenant, PLACES, id);
  }

  /** false: somebody else moved it. */
  move(
    tenant: TenantId,
    id: string,
    place: WebhookPlace,
    expectedVersion: number,
  ): Promise<Result<boolean, Rejection>> {
    return this.#parts.documents.write(tenant, PLACES, id, place, expectedVersion);
  }

  async disable(tenant: TenantId, id: string, reason: string): Promise<Result<true, Rejection>> {
    const atMs = this.#parts.clock.wallMs();
    const changed = await this.#update(tenant, id, (hook) => ({ ...hook, disabled: { reason, atMs } }));
    return changed.ok ? this.#parts.registry.touch(tenant) : changed;
  }

  /** The same one again is the same one. */
  async addDeadLetter(tenant: TenantId, id: string, letter: DeadLetter): Promise<Result<true, Rejection>> {
    const name = `${String(letter.atMs).padStart(15, "0")}.${letter.from}`;
    const written = await this.#parts.documents.write(tenant, lettersOf(id), name, letter, 0);
    return written.ok ? ok(true) : written;
  }

  /** The oldest first. */
  deadLetters(
    tenant: TenantId,
    id: string,
    page: { readonly after?: string | undefined; readonly limit: number },
  ): Promise<Result<readonly Stored<DeadLetter>[], Rejection>> {
    return this.#parts.documents.list<DeadLetter>(tenant, lettersOf(id), page);
  }

  async deadLetter(tenant: TenantId, id: string, letter: string): Promise<Result<Stored<DeadLetter>, Rejection>> {
    const read = await this.#parts.documents.read<DeadLetter>(tenant, lettersOf(id), letter);
    if (!read.ok) return read;
    return read.value === null ? err({ code: "not_found", message: "There is no such dead letter." }) : ok(read.value);
  }

  async bury(tenant: TenantId, id: string, letter: Stored<DeadLetter>): Promise<Result<true, Rejection>> {
    const gone = await this.#parts.documents.write(tenant, lettersOf(id), letter.id, null, letter.version);
    if (!gone.ok) return gone;
    return this.#movePlace(tenant, id, (place) => ({ ...place, dead: Math.max(0, place.dead - 1) }));
  }

  // ------------------------------------------------------------------------------

  #refuse(url: string): Rejection | undefined {
    const why = this.#parts.refuseUrl(url);
    return why === undefined ? undefined : { code: "invalid_field", field: "url", message: why };
  }

  async #touched(tenant: TenantId, id: string): Promise<Result<WebhookState, Rejection>> {
    const touched = await this.#parts.registry.touch(tenant);
    return touched.ok ? this.get(tenant, id) : touched;
  }

  async #update(tenant: TenantId, id: string, change: (hook: Webhook) => Webhook): Promise<Result<true, Rejection>> {
    const { documents, clock } = this.#parts;
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const read = await this.hook(tenant, id);
      if (!read.ok) return read;
      const next = { ...change(read.value.value), changedMs: clock.wallMs() };
      const written = await documents.write(tenant, HOOKS, id, next, read.value.version);
      if (!written.ok) return written;
      if (written.value) return ok(true);
    }
    return err(CHANGED);
  }

  /** Nothing is written where the same object comes back: whoever delivers may be about to write. */
  async #movePlace(
    tenant: TenantId,
    id: string,
    change: (place: WebhookPlace) => WebhookPlace,
  ): Promise<Result<true, Rejection>> {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const read = await this.place(tenant, id);
      if (!read.ok) return read;
      const place = read.value?.value ?? UNKNOWN_PLACE;
      const next = change(place);
      if (next === place) return ok(true);
      const written = await this.move(tenant, id, next, read.value?.version ?? 0);
      if (!written.ok) return written;
      if (written.value) return ok(true);
    }
    return err(CHANGED);
  }
}

const UNKNOWN_PLACE: WebhookPlace = { cursor: "1-0-0-0", delivered: 0, dead: 0 };

function lettersOf(id: string): string {
  return `webhook_dead.${id}`;
}

/** Without what is not said. */
function optional<Fields extends object>(fields: Fields): Partial<{ [K in keyof Fields]: NonNullable<Fields[K]> }> {
  const said = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as Partial<{ [K in keyof Fields]: NonNullable<Fields[K]> }>;
}
