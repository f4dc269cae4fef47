/**
 * What a room shows of people's standing: pages of who is banned, muted, invited or asks to join, and what an invite is for.
 * Invariant: what has ended by the clock is not shown; the code of an invite is what its event says, also when asked again.
 */
import { inviteOf } from "../../base/invites.ts";
import type { Seq } from "../../base/ids.ts";
import type { LogEvent } from "../../domain/room/events.ts";
import {
  type BanRow,
  codeKey,
  holds,
  inviteKey,
  type InviteRow,
  isOpen,
  type JoinRequestRow,
  standingRow,
} from "../../domain/room/standing-rows.ts";
import type { ItemValue } from "../../domain/room/state.ts";
import type { StandingCollection } from "../../domain/room/vocabulary.ts";
import type { ReadResult } from "../../storage/journal.ts";
import type { Later } from "../actor.ts";
import type { InvitePreview, InviteView, StandingView } from "../calls.ts";
import type { RoomRequest } from "../request.ts";
import type { RoomActor } from "./room-actor.ts";
import type { ShardEnv } from "../shard-env.ts";
import { roomView } from "../views.ts";

type Answer<Value> = (result: ReadResult<Value>) => void;

export interface StandingPage {
  readonly collection: StandingCollection;
  readonly after?: string;
  readonly limit: number;
}

export class RoomStanding {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #later: Later;

  constructor(env: ShardEnv, room: RoomActor, later: Later) {
    this.#env = env;
    this.#room = room;
    this.#later = later;
  }

  /** A page may be short of what has ended meanwhile; `after` says where the next one begins, if there is one. */
  list(
    { collection, after, limit }: StandingPage,
    answer: Answer<{ readonly entries: readonly StandingView[]; readonly after: string | null }>,
  ): void {
    const now = this.#env.clock.wallMs();
    this.#env.journal.listItems(
      this.#room.key,
      { collection, limit: limit + 1, ...(after !== undefined && { after }) },
      this.#later((read) => {
        if (!read.ok) return answer(read);
        const page = read.value.slice(0, limit);
        const entries = page
          .map(({ value }) => this.#view(collection, value, now))
          .filter((view) => view !== undefined);
        const last = page[page.length - 1];
        answer({ ok: true, value: { entries, after: read.value.length > limit && last ? last.id : null } });
      }),
    );
  }

  /** The invite that the request made, now or when it was made first. `undefined`: there was nothing to make. */
  made(seq: Seq, answer: Answer<InviteView | undefined>): void {
    const viewOf = (event: LogEvent | undefined): InviteView | undefined => {
      if (event?.kind !== "invite_made") return undefined;
      const { userId, code, by, timestamp: at, until, usesMax } = event;
      const row = {
        by,
        at,
        until,
        uses: 0,
        ...(userId && { userId }),
        ...(code && { code }),
        ...(usesMax && { usesMax }),
      };
      return this.#inviteView(row);
    };
    if (seq === 0) return answer({ ok: true, value: undefined });
    const inMemory = this.#room.state.recent.get(seq);
    if (inMemory !== undefined) return answer({ ok: true, value: viewOf(inMemory) });
    this.#room.reads.events(seq - 1, seq, (read) =>
      answer(read.ok ? { ok: true, value: viewOf(read.value[0]) } : read),
    );
  }

  /** For somebody whose invite was found to hold just now. */
  preview(request: RoomRequest): InvitePreview | undefined {
    const { command } = request;
    const { state, facts, room } = this.#room;
    if (command.kind !== "check_invite" || facts === undefined) return undefined;
    const key = command.code === undefined ? inviteKey(command.by.userId) : codeKey(command.code);
    const row = standingRow<InviteRow>(state, key);
    return row == null ? undefined : { room: roomView(room, facts), invite: this.#inviteView(row) };
  }

  #view(collection: StandingCollection, value: ItemValue, now: number): StandingView | undefined {
    switch (collection) {
      case "bans":
      case "mutes":
        return holds(value as BanRow, now) ? { ...(value as BanRow) } : undefined;
      case "invites":
        return isOpen(value as InviteRow, now) ? this.#inviteView(value as InviteRow) : undefined;
      case "requests":
        return { ...(value as JoinRequestRow) };
    }
  }

  #inviteView({ code, usesMax, ...row }: InviteRow): InviteView {
    return {
      ...row,
      ...(code !== undefined && { invite: inviteOf(this.#room.room, code) }),
      ...(usesMax !== undefined && { maxUses: usesMax }),
    };
  }
}
