/**
 * What a room says to whoever sends notifications: whom a message is for beside those that it names, and how these people stand
 * right now. Invariant: for the engine itself; messages are as they are now, under the name that is shown.
 */
import type { Seq, UserId } from "../../base/ids.ts";
import { inviteKey, type InviteRow, isOpen } from "../../domain/room/standing-rows.ts";
import type { ItemValue, MemberRow } from "../../domain/room/state.ts";
import type { MessageView } from "../../protocol/frames.ts";
import type { Done } from "../../storage/journal.ts";
import type { Later } from "../actor.ts";
import { answerRejection, answerValue } from "../answers.ts";
import { gather } from "../gather.ts";
import type { NotifyStanding, RoomNotifyAsk, RoomNotifyReply } from "../notify-calls.ts";
import type { RoomRequest } from "../request.ts";
import type { ShardEnv } from "../shard-env.ts";
import type { MessageViews } from "./message-views.ts";
import type { OpenRequests } from "./open-requests.ts";
import type { RoomActor } from "./room-actor.ts";
import { countedSeq } from "./room-marks.ts";
import type { HistoryPage } from "./room-reads.ts";
import { ThreadMarks } from "./thread-marks.ts";

type Of<Kind extends RoomNotifyAsk["do"]> = Extract<RoomNotifyAsk, { readonly do: Kind }>;
type Person = Of<"standing">["people"][number];

const PAIR = 2;

export class RoomNotify {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #later: Later;
  readonly #open: OpenRequests;
  readonly #views: MessageViews;
  readonly #threads: ThreadMarks;

  constructor(env: ShardEnv, room: RoomActor, open: OpenRequests, views: MessageViews, later: Later) {
    this.#env = env;
    this.#room = room;
    this.#open = open;
    this.#views = views;
    this.#later = later;
    this.#threads = new ThreadMarks(env.projections, room.tenant, later);
  }

  answer(request: RoomRequest, ask: RoomNotifyAsk): void {
    if (request.by.role !== "system") return answerRejection(this.#env, request, { code: "forbidden" });
    const { settings, memberCount } = this.#room.state;
    if (settings === undefined) return answerRejection(this.#env, request, { code: "room_not_found" });
    const base = { type: settings.type, name: settings.name, memberCount };
    const reply = (said: Partial<RoomNotifyReply>): void => answerValue(this.#env, request, { ...base, ...said });
    if (ask.do === "standing") return this.#standing(request, ask, reply);
    const members = settings.type === "direct" ? { limit: PAIR } : ask.members;
    this.#followers(request, ask.roots, (followers) => {
      if (members === undefined) return reply({ followers });
      this.#open.wait<readonly MemberRow[]>(
        request,
        (done) => this.#env.journal.listMembers(this.#room.key, members, this.#later(done)),
        (rows) => {
          const ids = rows.map(({ userId }) => userId);
          const next = ids.length < members.limit ? undefined : ids.at(-1);
          reply({ followers, members: ids, ...(next !== undefined && { next }) });
        },
      );
    });
  }

  #followers(
    request: RoomRequest,
    roots: readonly Seq[],
    then: (followers: readonly (readonly [Seq, readonly UserId[]])[]) => void,
  ): void {
    if (roots.length === 0) return then([]);
    this.#page(request, roots, (page) => {
      then(page.map(({ event, overlay }) => [event.seq, overlay?.thread?.followers ?? []] as const));
    });
  }

  #standing(
    request: RoomRequest,
    { people, seqs }: Of<"standing">,
    reply: (said: Partial<RoomNotifyReply>) => void,
  ): void {
    this.#page(request, seqs, (page) => {
      this.#open.wait<readonly MessageView[]>(
        request,
        (done) => this.#views.show(page, request.by.userId, done),
        (messages) => {
          this.#open.wait<readonly NotifyStanding[]>(
            request,
            (done) => this.#people(people, done),
            (standing) =>
              reply({ people: standing, messages: messages.filter(({ deletedAt }) => deletedAt === undefined) }),
          );
        },
      );
    });
  }

  #people(people: readonly Person[], done: Done<readonly NotifyStanding[]>): void {
    const { journal, clock } = this.#env;
    const { key } = this.#room;
    const users = people.map(({ userId }) => userId);
    journal.readMembers(
      key,
      users,
      this.#later((members) => {
        if (!members.ok) return done(members);
        journal.readItems(
          key,
          users.map(inviteKey),
          this.#later((invites) => {
            if (!invites.ok) return done(invites);
            const nowMs = clock.wallMs();
            const reads = people.map((person, i) => (read: Done<NotifyStanding>) => {
              const isMember = members.value[i] != null;
              this.#person(person, { isMember, isInvited: isInvited(invites.value[i], nowMs) }, read);
            });
            gather<NotifyStanding>(reads, done);
          }),
        );
      }),
    );
  }

  #person(
    { userId, roots }: Person,
    is: Pick<NotifyStanding, "isMember" | "isInvited">,
    done: Done<NotifyStanding>,
  ): void {
    this.#room.marks.of(userId, (mark) => {
      if (!mark.ok) return done(mark);
      const reads = roots.map((root) => (read: Done<readonly [Seq, number]>) => {
        this.#threads.of({ room: this.#room.room, root, userId }, (no) => {
          read(no.ok ? { ok: true, value: [root, no.value] as const } : no);
        });
      });
      gather<readonly [Seq, number]>(reads, (threads) => {
        if (!threads.ok) return done(threads);
        done({ ok: true, value: { userId, ...is, readSeq: countedSeq(mark.value), threads: threads.value } });
      });
    });
  }

  #page(request: RoomRequest, seqs: readonly Seq[], then: (page: HistoryPage) => void): void {
    const told = seqs.filter((seq) => seq >= 1 && seq <= this.#room.publishedSeq);
    this.#open.wait<HistoryPage>(request, (done) => this.#room.reads.messages(told, done), then);
  }
}

function isInvited(item: ItemValue | null | undefined, nowMs: number): boolean {
  return isOpen((item ?? null) as InviteRow | null, nowMs);
}
