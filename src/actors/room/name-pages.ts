/**
 * Pages of who did what: who reacted to a message, who voted for what, which pseudonyms are banned.
 * Invariant: the votes of an anonymous poll are not listed for anybody, and a pseudonym's person is not read here at all.
 */
import type { Seq, UserId } from "../../base/ids.ts";
import { PSEUDONYM_BANS, type PseudonymBan } from "../../domain/room/pseudonyms.ts";
import { type VoteRow, voteCollection } from "../../domain/room/polls.ts";
import { type ReactionRow, reactionCollection, reactionPrefix, tallyOf } from "../../domain/room/reactions.ts";
import type { MessageView } from "../../protocol/frames.ts";
import type { ItemQuery, ListedItem } from "../../storage/journal.ts";
import type { Later } from "../actor.ts";
import { answerRejection, answerValue } from "../answers.ts";
import type { ReactionEntry, RoomCalls } from "../calls.ts";
import type { MessageViews } from "./message-views.ts";
import type { OpenRequests } from "./open-requests.ts";
import type { NameSequel, RoomRequest } from "../request.ts";
import type { RoomActor } from "./room-actor.ts";
import type { HistoryPage } from "./room-reads.ts";
import type { ShardEnv } from "../shard-env.ts";

type Found = HistoryPage[number];
type Asked<K extends NameSequel["kind"]> = Extract<NameSequel, { readonly kind: K }>;

export class NamePages {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #views: MessageViews;
  readonly #later: Later;
  readonly #open: OpenRequests;

  constructor(env: ShardEnv, room: RoomActor, open: OpenRequests, views: MessageViews, later: Later) {
    this.#open = open;
    this.#env = env;
    this.#room = room;
    this.#views = views;
    this.#later = later;
  }

  follow(request: RoomRequest, sequel: NameSequel): void {
    switch (sequel.kind) {
      case "reactions":
        return this.#reactions(request, sequel);
      case "voters":
        return this.#voters(request, sequel);
      case "pseudonym_bans":
        return this.#bans(request, sequel);
    }
  }

  /** Names that stand in the message's row need not have rows of their own: both are looked at. */
  #reactions(request: RoomRequest, { seq, emoji, after, limit }: Asked<"reactions">): void {
    this.#find(request, seq, ({ overlay }) => {
      const tally = tallyOf(overlay ?? {}, emoji);
      const prefix = reactionPrefix(emoji);
      const page = { prefix, limit: limit + 1, ...(after !== undefined && { after: prefix + after }) };
      this.#list(request, { collection: reactionCollection(seq), ...page }, (items) => {
        const entries = new Map<UserId, ReactionEntry>();
        for (const userId of [...tally.users, ...(tally.old ?? [])]) {
          if (after === undefined || userId > after) entries.set(userId, { userId, reactedAt: null });
        }
        for (const { id, value } of items) {
          const userId = id.slice(prefix.length) as UserId;
          entries.set(userId, { userId, reactedAt: (value as ReactionRow).at });
        }
        const sorted = [...entries.values()].sort((a, b) => (a.userId < b.userId ? -1 : 1));
        const reply: RoomCalls["reactions"]["reply"] = {
          emoji,
          count: tally.count,
          users: sorted.slice(0, limit),
          hasMore: sorted.length > limit,
        };
        answerValue(this.#env, request, reply);
      });
    });
  }

  #voters(request: RoomRequest, { seq, after, limit }: Asked<"voters">): void {
    this.#find(request, seq, (found) => {
      const { poll } = found.event;
      if (poll === undefined) {
        return answerRejection(this.#env, request, { code: "not_a_poll", field: "messageId" });
      }
      if (poll.anonymous) {
        const message = "This poll is anonymous: nobody is shown who chose what.";
        return answerRejection(this.#env, request, { code: "forbidden", message });
      }
      const page = { limit: limit + 1, ...(after !== undefined && { after }) };
      this.#list(request, { collection: voteCollection(seq), ...page }, (items) => {
        const voters = items.slice(0, limit).map(({ id, value }) => {
          const { choices, at } = value as VoteRow;
          return { userId: id as UserId, choices, votedAt: at };
        });
        this.#show(request, found, (message) => {
          const reply = { poll: message.poll, voters, hasMore: items.length > limit };
          answerValue(this.#env, request, reply);
        });
      });
    });
  }

  #bans(request: RoomRequest, { after, limit }: Asked<"pseudonym_bans">): void {
    const page = { limit: limit + 1, ...(after !== undefined && { after }) };
    this.#list(request, { collection: PSEUDONYM_BANS, ...page }, (items) => {
      const bans = items.slice(0, limit).map(({ id, value }) => {
        const { name, by, at, reason } = value as PseudonymBan;
        return { pseudonym: id as UserId, name, by, at, ...(reason !== undefined && { reason }) };
      });
      const reply: RoomCalls["pseudonym_bans"]["reply"] = { bans, hasMore: items.length > limit };
      answerValue(this.#env, request, reply);
    });
  }

  // ---------------------------------------------------------------------------------------------- reads

  /** A message that is there, and not deleted. */
  #find(request: RoomRequest, seq: Seq, then: (found: Found) => void): void {
    const seqs = seq < 1 || seq > this.#room.publishedSeq ? [] : [seq];
    this.#open.wait<HistoryPage>(
      request,
      (done) => this.#room.reads.messages(seqs, done),
      ([found]) => {
        if (found === undefined) return answerRejection(this.#env, request, { code: "message_not_found" });
        if (found.overlay?.deletedAt === undefined) return then(found);
        answerRejection(this.#env, request, { code: "already_deleted" });
      },
    );
  }

  #list(request: RoomRequest, query: ItemQuery, then: (items: readonly ListedItem[]) => void): void {
    this.#open.wait<readonly ListedItem[]>(
      request,
      (done) => this.#env.journal.listItems(this.#room.key, query, this.#later(done)),
      then,
    );
  }

  #show(request: RoomRequest, found: Found, then: (message: MessageView) => void): void {
    this.#open.wait<readonly MessageView[]>(
      request,
      (done) => this.#views.show([found], request.by.userId, done),
      ([message]) => {
        if (message !== undefined) then(message);
      },
    );
  }
}
