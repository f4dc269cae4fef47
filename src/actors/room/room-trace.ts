/**
 * What a room knows of one message's way to one person: what its log, rows and marks say, and where its frames went while that
 * was noted. Invariant: administrators of the tenant only; nothing of it tells who wrote a message without a name, or what it says.
 */
import { type ItemKey, messageIdOf, type Seq, type UserId } from "../../base/ids.ts";
import { TRACE_EVENTS_MAX } from "../../base/limits.ts";
import type { LogEvent, MessageSent } from "../../domain/room/events.ts";
import { banKey, type BanRow, holds } from "../../domain/room/standing-rows.ts";
import type { ItemValue, MemberRow } from "../../domain/room/state.ts";
import type { Done, Segment } from "../../storage/journal.ts";
import type { Mark, StoredDocument } from "../../storage/projections.ts";
import type { Later } from "../actor.ts";
import { answerRejection, answerValue } from "../answers.ts";
import type { TraceView } from "../calls.ts";
import { gather } from "../gather.ts";
import type { OpenRequests } from "./open-requests.ts";
import type { RoomRequest, RoomSequel } from "../request.ts";
import type { RoomActor } from "./room-actor.ts";
import { topicKey } from "./room-listeners.ts";
import type { HistoryPage } from "./room-reads.ts";
import { eventsIn } from "./room-reads.ts";
import { nodeOf } from "./room-routes.ts";
import type { ShardEnv } from "../shard-env.ts";
import { blocksOf } from "../user/user-blocks.ts";
import { type Notified, notifiedOf } from "../user/user-notify.ts";

type Ask = Extract<RoomSequel, { readonly kind: "trace" }>;
type Membership = Pick<TraceView, "membership" | "joinedSeq" | "leftSeq">;

/** A message as the log has it, and who wrote it down. */
interface Found {
  readonly event: MessageSent;
  readonly isDeleted: boolean;
  readonly segment: Segment;
}
/** What stands about the person now. */
type Standing = readonly [
  members: readonly (MemberRow | null)[],
  items: readonly (ItemValue | null)[],
  mark: Mark,
  block: StoredDocument | null,
  told: StoredDocument | null,
];

export class RoomTrace {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #later: Later;
  readonly #open: OpenRequests;

  constructor(env: ShardEnv, room: RoomActor, open: OpenRequests, later: Later) {
    this.#open = open;
    this.#env = env;
    this.#room = room;
    this.#later = later;
  }

  answer(request: RoomRequest, ask: Ask): void {
    if (request.by.role === "user") {
      const message = "This needs the role admin in your tenant.";
      return answerRejection(this.#env, request, { code: "forbidden", message });
    }
    this.#find(request, ask.seq, (found) => {
      this.#standing(request, found, ask.userId, (standing) => {
        this.#membership(request, ask, standing[0][0] ?? null, (membership) => {
          answerValue(this.#env, request, this.#view(found, ask, standing, membership));
        });
      });
    });
  }

  #find(request: RoomRequest, seq: Seq, then: (found: Found) => void): void {
    const none = (): void => answerRejection(this.#env, request, { code: "message_not_found" });
    if (seq < 1 || seq > this.#room.publishedSeq) return none();
    this.#open.wait<HistoryPage>(
      request,
      (done) => this.#room.reads.messages([seq], done),
      ([message]) => {
        if (message === undefined) return none();
        const range = { from: seq, to: seq, eventsMax: 1 };
        this.#open.wait<readonly Segment[]>(
          request,
          (done) => this.#env.journal.readRange(this.#room.key, range, this.#later(done)),
          ([segment]) => {
            if (segment === undefined) return none();
            then({ event: message.event, isDeleted: message.overlay?.deletedAt !== undefined, segment });
          },
        );
      },
    );
  }

  #standing(request: RoomRequest, { event }: Found, userId: UserId, then: (standing: Standing) => void): void {
    const { journal, projections } = this.#env;
    const { key, tenant, marks } = this.#room;
    const ban: readonly ItemKey[] = [banKey(userId)];
    // Of whom they block, nothing is looked up that would tell who wrote.
    const author = event.as === undefined ? event.by : event.as;
    const reads: readonly ((done: Done<unknown>) => void)[] = [
      (done) => journal.readMembers(key, [userId], this.#later(done)),
      (done) => journal.readItems(key, ban, this.#later(done)),
      (done) => marks.of(userId, done),
      (done) => projections.readDocument(tenant, blocksOf(userId), author, this.#later(done)),
      (done) => projections.readDocument(tenant, notifiedOf(userId), this.#room.room, this.#later(done)),
    ];
    // They are of these types, in this order.
    this.#open.wait<readonly unknown[]>(
      request,
      (done) => gather(reads, done),
      (read) => then(read as unknown as Standing),
    );
  }

  /** At the moment of the message: what happened to them next says what they were. */
  #membership(
    request: RoomRequest,
    { seq, userId }: Ask,
    row: MemberRow | null,
    then: (membership: Membership) => void,
  ): void {
    if (row !== null && row.joinedSeq <= seq) return then({ membership: "member", joinedSeq: row.joinedSeq });
    const last = Math.min(row?.joinedSeq ?? this.#room.publishedSeq, this.#room.publishedSeq);
    const to = Math.min(last, seq + TRACE_EVENTS_MAX);
    if (to <= seq) return then({ membership: "not_member" });
    this.#open.wait<readonly Segment[]>(
      request,
      (done) => {
        const range = { from: seq + 1, to, eventsMax: TRACE_EVENTS_MAX };
        this.#env.journal.readRange(this.#room.key, range, this.#later(done));
      },
      (segments) => {
        const next = eventsIn(segments, seq + 1, to).find((event) => concerns(event, userId));
        if (next?.kind === "member_left") return then({ membership: "member", leftSeq: next.seq });
        if (next !== undefined) return then({ membership: "not_member", joinedSeq: next.seq });
        then({ membership: to === last ? "not_member" : "unknown" });
      },
    );
  }

  #view(
    { event, isDeleted, segment }: Found,
    { seq, userId }: Ask,
    [, [ban = null], mark, block, told]: Standing,
    membership: Membership,
  ): TraceView {
    const { tenant, room } = this.#room;
    const { clock, routes, tenants } = this.#env;
    const nowMs = clock.wallMs();
    const { traceUntilMs, tracedFromMs } = tenants.of(tenant);
    const isNamed = event.mentions?.includes(userId) === true;
    const notice = isNamed ? ("mention" as const) : event.mentionsRoom === true ? ("mention_all" as const) : undefined;
    return {
      messageId: messageIdOf(seq),
      seq,
      committedAt: event.timestamp,
      writtenBy: segment.owner,
      epoch: segment.epoch,
      node: nodeOf(this.#env),
      isDeleted,
      isOwn: event.as === undefined && event.by === userId,
      ...membership,
      isBanned: holds(ban as BanRow | null, nowMs),
      deliveredSeq: mark.deliveredSeq,
      readSeq: mark.readSeq,
      ...(notice !== undefined && { notice }),
      isBlocking: block !== null,
      ...toldUpTo(told),
      notedFromMs: traceUntilMs > nowMs ? Math.max(tracedFromMs, routes.keptFromMs) : 0,
      ...routes.of(topicKey(tenant, room), seq, userId),
    };
  }
}

function toldUpTo(told: StoredDocument | null): Pick<TraceView, "toldUpTo"> {
  if (told === null) return {};
  const { seq, at } = told.value as Notified;
  return { toldUpTo: { seq, atMs: at } };
}

function concerns(event: LogEvent, userId: UserId): boolean {
  return (event.kind === "member_joined" || event.kind === "member_left") && event.userId === userId;
}
