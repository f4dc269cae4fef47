/**
 * The browsers of one person that get notifications: a document each, named by its address. Invariant: of more than there may be
 * the one that was added first is given up.
 */
import { hash32 } from "../../base/hash.ts";
import type { TenantId, UserId } from "../../base/ids.ts";
import { PUSH_SUBSCRIPTIONS_MAX } from "../../base/limits.ts";
import { err, ok, type Result } from "../../base/result.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Done } from "../../storage/journal.ts";
import type { ListedDocument } from "../../storage/projections.ts";
import type { Later } from "../actor.ts";
import { changeDocument } from "../change-document.ts";
import type { KeptSubscription, NotifySettingsAsk, NotifySettingsReply, PushSubscription } from "../notify-calls.ts";
import type { ShardEnv } from "../shard-env.ts";

type Answer<Value> = (result: Result<Value, Rejection>) => void;
type Ask = Extract<NotifySettingsAsk, { readonly of: "browsers" }>;

const UNAVAILABLE: Rejection = { code: "unavailable", retryAfterMs: 500 };

export function browsersOf(userId: UserId): string {
  return `push.${userId}`;
}

export class UserBrowsers {
  readonly #env: ShardEnv;
  readonly #tenant: TenantId;
  readonly #userId: UserId;
  readonly #later: Later;

  constructor(env: ShardEnv, tenant: TenantId, userId: UserId, later: Later) {
    this.#env = env;
    this.#tenant = tenant;
    this.#userId = userId;
    this.#later = later;
  }

  asked({ put, remove }: Ask, answer: Answer<NotifySettingsReply>): void {
    this.list((read) => {
      if (!read.ok) return answer(err(UNAVAILABLE));
      const known = read.value;
      if (put !== undefined) return this.#add(put, known, answer);
      if (remove === undefined) return answer(ok({ browsers: known }));
      const removed = known.some(({ id }) => id === remove);
      this.forget([remove], (done) => answer(done.ok ? ok({ removed }) : done));
    });
  }

  /** Those that were added first come first. */
  list(done: Done<readonly KeptSubscription[]>): void {
    this.#env.projections.listDocuments(
      this.#tenant,
      browsersOf(this.#userId),
      // Two of them that were added at once, by two owners of this actor.
      { limit: 2 * PUSH_SUBSCRIPTIONS_MAX },
      this.#later((read) => {
        if (!read.ok) return done(read);
        const browsers = read.value.map(({ id, value }: ListedDocument) => ({ ...(value as KeptSubscription), id }));
        done({ ok: true, value: browsers.toSorted((a, b) => a.addedAt - b.addedAt) });
      }),
    );
  }

  forget(ids: readonly string[], done: Answer<true>): void {
    const [id, ...rest] = ids;
    if (id === undefined) return done(ok(true));
    this.#change(id, null, (gone) => (gone.ok ? this.forget(rest, done) : done(gone)));
  }

  /** The same address again takes the place of what is known of it. */
  #add(put: PushSubscription, known: readonly KeptSubscription[], answer: Answer<NotifySettingsReply>): void {
    const id = browserIdOf(put.endpoint);
    const others = known.filter((browser) => browser.id !== id);
    const surplus = others.slice(0, Math.max(0, others.length + 1 - PUSH_SUBSCRIPTIONS_MAX));
    this.#change(id, { ...put, addedAt: this.#env.clock.wallMs() }, (added) => {
      if (!added.ok) return answer(added);
      this.forget(
        surplus.map((browser) => browser.id),
        (done) => answer(done.ok ? ok({ id }) : done),
      );
    });
  }

  #change(id: string, value: object | null, done: Answer<true>): void {
    const place = { tenant: this.#tenant, collection: browsersOf(this.#userId), id };
    changeDocument(this.#env, place, () => ok(value), this.#later, done);
  }
}

/** Of the address alone: whoever adds it again names the same. */
function browserIdOf(endpoint: string): string {
  return [1, 2, 3].map((seed) => hash32(endpoint, seed).toString(36)).join("");
}
