/**
 * A page of a room's members as people see it: who is there, and how they are called. Whoever is there is called as they are now;
 * whoever came by others' hands has no name in their row, and is called as their own row says, where they have one.
 */
import type { UserId } from "../../base/ids.ts";
import type { MemberRow } from "../../domain/room/state.ts";
import type { ReadResult } from "../../storage/journal.ts";
import type { UserRow } from "../../storage/projections.ts";
import type { Later } from "../actor.ts";
import { answerRejection, answerValue } from "../answers.ts";
import type { MemberView } from "../calls.ts";
import { gather } from "../gather.ts";
import type { RoomRequest } from "../request.ts";
import type { ShardEnv } from "../shard-env.ts";
import { userRef } from "../views.ts";
import { MemberPages, type MembersQuery } from "./member-pages.ts";
import type { OpenRequests } from "./open-requests.ts";
import type { RoomActor } from "./room-actor.ts";

type Names = ReadonlyMap<UserId, UserRow>;

const RETRY_MS = 500;

export class MemberLists {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #open: OpenRequests;
  readonly #pages: MemberPages;
  readonly #later: Later;

  constructor(env: ShardEnv, room: RoomActor, open: OpenRequests, later: Later) {
    this.#env = env;
    this.#room = room;
    this.#open = open;
    this.#pages = new MemberPages(env.journal, room.key, later);
    this.#later = later;
  }

  list(request: RoomRequest, query: MembersQuery): void {
    this.#open.add(request);
    const total = this.#room.state.memberCount;
    const refuse = (): void => {
      this.#open.delete(request);
      answerRejection(this.#env, request, { code: "unavailable", retryAfterMs: RETRY_MS });
    };
    this.#pages.page(query, (page) => {
      if (!page.ok) return refuse();
      const { members: rows, next } = page.value;
      this.#named(rows, (names) => {
        if (!names.ok) return refuse();
        this.#open.delete(request);
        const members = rows.map((row) => this.#view(row, names.value));
        answerValue(this.#env, request, { members, total, ...(next !== undefined && { next }) });
      });
    });
  }

  #view({ userId, name, avatar, role, joinedAt }: MemberRow, names: Names): MemberView {
    const shown = this.#room.audience.ephemera.presenceOf(userId)?.user;
    const known = names.get(userId);
    const ref = userRef(userId, shown?.name ?? name ?? known?.name, shown?.avatar ?? avatar ?? known?.avatar);
    return { ...ref, role, joinedAt, isOnline: shown !== undefined };
  }

  /** The rows of people who have no name here: a page of them at most. */
  #named(rows: readonly MemberRow[], answer: (names: ReadResult<Names>) => void): void {
    const { ephemera } = this.#room.audience;
    const nameless = rows.filter(({ userId, name }) => name === undefined && ephemera.presenceOf(userId) === undefined);
    gather<UserRow | null>(
      nameless.map(
        ({ userId }) =>
          (done) =>
            this.#env.projections.readUser(this.#room.tenant, userId, this.#later(done)),
      ),
      (read) => {
        if (!read.ok) return answer(read);
        const known = read.value.filter((row) => row !== null);
        answer({ ok: true, value: new Map(known.map((row) => [row.userId, row] as const)) });
      },
    );
  }
}
