/**
 * Tells some people what happened in one room: asks their actors and the room, judges, sends, and notes how far each was told.
 * Invariant: between the last question and what is sent nothing else is waited for but other people's sending.
 */
import { createHash } from "node:crypto";
import type { KeptSubscription, NotifyReply, NotifyStanding, RoomNotifyReply } from "../../actors/notify-calls.ts";
import type { Clock } from "../../base/clock.ts";
import type { Seq, UserId } from "../../base/ids.ts";
import { NOTIFY_MESSAGES_MAX } from "../../base/limits.ts";
import type { Told } from "../../domain/notify/audience.ts";
import { type Notification, notificationOf, type Spoken } from "../../domain/notify/notification.ts";
import type { NotifyOutcome } from "../../domain/notify/outcome.ts";
import { type Facts, judge, type PersonFacts, type StandingFacts } from "../../domain/notify/verdict.ts";
import type { MessageView } from "../../protocol/frames.ts";
import type { LogKey } from "../../storage/journal.ts";
import type { EngineAsker } from "./engine-asker.ts";
import type { Notifier } from "./notifier.ts";
import type { Outcomes } from "./outcomes.ts";
import { isRevoked, isSuspended, type KnownTenant } from "./tenant-book.ts";
import type { WebPush } from "./web-push.ts";

export interface TellerParts {
  readonly engine: EngineAsker;
  readonly clock: Clock;
  /** `undefined`: there is only the other one. */
  readonly out: Notifier | undefined;
  readonly push: Pick<WebPush, "send"> | undefined;
  /** The operator lets what was written leave. */
  readonly withText: boolean;
  readonly outcomes: Outcomes;
}

/** Somebody who may be told. */
interface Candidate {
  readonly userId: UserId;
  readonly told: readonly Told[];
  readonly person: PersonFacts;
  readonly browsers: readonly KeptSubscription[];
}
type Done = "done" | "later";

const KEY_BYTES = 16;

export class PeopleTeller {
  readonly #parts: TellerParts;

  constructor(parts: TellerParts) {
    this.#parts = parts;
  }

  async tell(log: LogKey, tenant: KnownTenant, people: readonly (readonly [UserId, readonly Told[]])[]): Promise<Done> {
    const found = await Promise.all(people.map(([userId, told]) => this.#candidate(log, tenant, userId, told)));
    if (found.includes("later")) return "later";
    const candidates = found.filter((one): one is Candidate => typeof one === "object");
    if (candidates.length === 0) return "done";
    const asked = askedFor(candidates);
    const said = await this.#standing(log, candidates, asked);
    if (said === "later") return said;
    const sent = await Promise.all(candidates.map((candidate) => this.#one(log, tenant, candidate, { asked, said })));
    return sent.includes("later") ? "later" : "done";
  }

  // ---------------------------------------------------------------------------------------------- asking

  /** `undefined`: nothing is to be told. */
  async #candidate(
    log: LogKey,
    tenant: KnownTenant,
    userId: UserId,
    told: readonly Told[],
  ): Promise<Candidate | "later" | undefined> {
    const { room, incarnation } = log;
    const said = await this.#parts.engine.person(log.tenant, userId, { do: "check", room, incarnation });
    if (!said.ok) return "later";
    const browsers = await this.#browsersOf(log, tenant, userId, said.value);
    const person = this.#factsOf(tenant, userId, said.value, browsers);
    const judged = this.#judge(log, userId, told, { tenant, person });
    return judged.length === 0 ? undefined : { userId, told: judged, person, browsers };
  }

  /** Those of tokens that were revoked are forgotten. */
  async #browsersOf(
    { tenant: id }: LogKey,
    tenant: KnownTenant,
    userId: UserId,
    { browsers = [] }: NotifyReply,
  ): Promise<readonly KeptSubscription[]> {
    if (this.#parts.push === undefined) return [];
    const revoked = browsers.filter((browser) => isRevoked(tenant, userId, browser));
    if (revoked.length === 0) return browsers;
    // One that cannot be forgotten now is not told all the same.
    await this.#parts.engine.person(id, userId, { do: "forget_browsers", ids: revoked.map((browser) => browser.id) });
    return browsers.filter((browser) => !revoked.includes(browser));
  }

  #factsOf(
    tenant: KnownTenant,
    userId: UserId,
    { isLive, preferences = {}, room = {}, blocked = [], notifiedSeq = 0 }: NotifyReply,
    browsers: readonly KeptSubscription[],
  ): PersonFacts {
    return {
      ...{ isLive, preferences, room, notifiedSeq, blocked: new Set(blocked) },
      isReachable: this.#parts.out !== undefined || browsers.length > 0,
      isSuspended: isSuspended(tenant, userId, this.#parts.clock.wallMs()),
    };
  }

  async #standing(
    log: LogKey,
    candidates: readonly Candidate[],
    seqs: readonly Seq[],
  ): Promise<RoomNotifyReply | "later"> {
    const people = candidates.map(({ userId, told }) => ({ userId, roots: rootsOf(told) }));
    const said = await this.#parts.engine.room(log.tenant, log.room, { do: "standing", people, seqs });
    if (said.ok) return said.value;
    if (said.error.code !== "room_not_found") return "later";
    return { type: "group", name: "", memberCount: 0, people: [], messages: [] };
  }

  // ---------------------------------------------------------------------------------------------- judging, sending

  /** What is left of it; the rest is noted. */
  #judge(
    log: LogKey,
    userId: UserId,
    told: readonly Told[],
    { tenant, person, standing }: Pick<Facts, "person" | "standing"> & { readonly tenant: KnownTenant },
  ): readonly Told[] {
    const nowMs = this.#parts.clock.wallMs();
    const facts = { nowMs, tenant: tenant.notify, person, ...(standing !== undefined && { standing }) };
    const judged = judge(told, facts);
    const skipped = judged.skipped.map((one) => [one.told, one.why] as const);
    if (skipped.length > 0) this.#parts.outcomes.note(log, userId, nowMs, skipped);
    return judged.told;
  }

  async #one(
    log: LogKey,
    tenant: KnownTenant,
    candidate: Candidate,
    { asked, said }: { readonly asked: readonly Seq[]; readonly said: RoomNotifyReply },
  ): Promise<Done> {
    const { userId, person, browsers } = candidate;
    const standing = standingOf(candidate, asked, said);
    const told = this.#judge(log, userId, candidate.told, { tenant, person, standing });
    if (told.length === 0) return "done";
    const notification = notificationOf(told, {
      id: keyOf(log, userId, String(person.notifiedSeq)),
      collapseKey: keyOf(log, userId, "all"),
      ...{ tenantId: log.tenant, userId, roomId: log.room, roomName: said.name, roomType: said.type },
      withText: this.#parts.withText && tenant.notify.withText,
      spoken: spokenIn(said.messages ?? []),
    });
    const outcome = await this.#send(notification, browsers);
    if (outcome === "later") return outcome;
    this.#parts.outcomes.note(
      log,
      userId,
      this.#parts.clock.wallMs(),
      told.map((one) => [one, outcome] as const),
    );
    if (outcome !== "sent") return "done";
    return this.#noted(log, notification);
  }

  /** First the way that may have to be asked again, so that no browser is told twice on its account. */
  async #send(notification: Notification, browsers: readonly KeptSubscription[]): Promise<NotifyOutcome | "later"> {
    const { out, outcomes } = this.#parts;
    const queued = out === undefined ? undefined : await out.send(notification);
    if (queued === "later") return queued;
    if (out !== undefined) outcomes.way(out.name, queued === "sent");
    const pushed = await Promise.all(browsers.map((browser) => this.#push(notification, browser)));
    return queued === "sent" || pushed.includes("sent") ? "sent" : "failed";
  }

  async #push(notification: Notification, browser: KeptSubscription): Promise<"sent" | "gone" | "failed"> {
    const { push, outcomes, engine } = this.#parts;
    if (push === undefined) return "failed";
    const outcome = await push.send(notification, browser);
    outcomes.way("push", outcome === "sent");
    if (outcome === "gone") {
      const { tenantId, userId } = notification;
      // It is found to be gone again, if this does not succeed.
      await engine.person(tenantId, userId, { do: "forget_browsers", ids: [browser.id] });
    }
    return outcome;
  }

  /** Without it they would be told again. */
  async #noted({ room, incarnation }: LogKey, { tenantId, userId, toSeq, id }: Notification): Promise<Done> {
    const told = { do: "told", room, incarnation, seq: toSeq, id } as const;
    const noted = await this.#parts.engine.person(tenantId, userId, told);
    return noted.ok ? "done" : "later";
  }
}

function rootsOf(told: readonly Told[]): readonly Seq[] {
  const roots = told.flatMap(({ reason, occasion: { thread } }) =>
    reason === "reply" && thread !== undefined ? [thread.root] : [],
  );
  return [...new Set(roots)];
}

/** The newest messages: what is further back is counted, and not asked for. */
function askedFor(candidates: readonly Candidate[]): readonly Seq[] {
  const seqs = new Set<Seq>();
  for (const { told } of candidates) {
    for (const { occasion } of told) if (occasion.kind === "message") seqs.add(occasion.seq);
  }
  return [...seqs].toSorted((a, b) => a - b).slice(-NOTIFY_MESSAGES_MAX);
}

/** Whoever the room says nothing of is no member. What was not asked for is there. */
function standingOf({ userId, told }: Candidate, asked: readonly Seq[], said: RoomNotifyReply): StandingFacts {
  const person: NotifyStanding | undefined = said.people?.find((one) => one.userId === userId);
  const { isMember = false, isInvited = false, readSeq = 0, threads = [] } = person ?? {};
  const [oldest = 0] = asked;
  const further = told.map(({ occasion }) => occasion.seq).filter((seq) => seq < oldest);
  const present = new Set([...further, ...(said.messages ?? []).map(({ seq }) => seq)]);
  return { isMember, isInvited, readSeq, threadsRead: new Map(threads), present };
}

function spokenIn(messages: readonly MessageView[]): ReadonlyMap<Seq, Spoken> {
  return new Map(
    messages.map(({ seq, messageId, authorName, content, messageType }) => {
      return [seq, { messageId, content, messageType, ...(authorName !== undefined && { authorName }) }];
    }),
  );
}

/** The same on every node and in every run: whoever receives it can tell what it had before. */
function keyOf({ tenant, room, incarnation }: LogKey, userId: UserId, what: string): string {
  const text = JSON.stringify([tenant, room, incarnation, userId, what]);
  return createHash("sha256").update(text).digest().subarray(0, KEY_BYTES).toString("base64url");
}
