/**
 * Reads the rows that a decision lacked: members, messages (two rows each: what was sent, and its overlay), items.
 * Invariant: answers once, with everything that was asked for, or that it can't be had.
 */
import type { ItemKey, Seq, UserId } from "../../base/ids.ts";
import type { RoomHold, RowKeys } from "../../domain/room/decision.ts";
import type { LogEvent, MessageSent } from "../../domain/room/events.ts";
import { type LearnedRows, messageRowOf } from "../../domain/room/message-rows.ts";
import type { ReadResult } from "../../storage/journal.ts";
import type { Later } from "../actor.ts";
import type { RoomActor } from "./room-actor.ts";
import { readBlocks } from "./room-blocks.ts";
import { readHold } from "./room-holds.ts";
import { eventsIn } from "./room-reads.ts";
import type { ShardEnv } from "../shard-env.ts";

type Answer<Value> = (result: ReadResult<Value>) => void;

const NO_ITEMS: readonly ItemKey[] = [];

export class RowFetcher {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #later: Later;

  constructor(env: ShardEnv, room: RoomActor, later: Later) {
    this.#env = env;
    this.#room = room;
    this.#later = later;
  }

  fetch(keys: RowKeys, answer: Answer<LearnedRows>): void {
    const { blocks, hold, ...rows } = keys;
    if (hold === true) return this.#hold(answer);
    if (blocks === undefined) return this.#rows(rows, answer);
    readBlocks(this.#env, this.#room.key, this.#later, blocks, this.#room.blocks, (read) => {
      if (read.ok) this.#rows(rows, answer);
      else answer(read);
    });
  }

  #hold(answer: Answer<LearnedRows>): void {
    const { tenant, room } = this.#room;
    const read = this.#later((hold: ReadResult<RoomHold>) => {
      if (!hold.ok) return answer(hold);
      this.#room.noteHold(hold.value);
      answer({ ok: true, value: { members: [], messages: [] } });
      // Whoever asks next reads it again: it may have been placed meanwhile.
      this.#room.noteHold("unknown");
    });
    readHold(this.#env.projections, tenant, room, read);
  }

  #rows(keys: RowKeys, answer: Answer<LearnedRows>): void {
    this.#members(keys.members, (members) => {
      if (!members.ok) return answer(members);
      this.#messages(keys.messages, (messages) => {
        if (!messages.ok) return answer(messages);
        this.#items(keys.items ?? NO_ITEMS, (items) => {
          if (!items.ok) return answer(items);
          answer({ ok: true, value: { members: members.value, messages: messages.value, items: items.value } });
        });
      });
    });
  }

  #members(users: readonly UserId[], answer: Answer<LearnedRows["members"]>): void {
    if (users.length === 0) return answer({ ok: true, value: [] });
    this.#env.journal.readMembers(
      this.#room.key,
      users,
      this.#later((read) => {
        answer(read.ok ? { ok: true, value: users.map((user, i) => [user, read.value[i] ?? null] as const) } : read);
      }),
    );
  }

  #items(keys: readonly ItemKey[], answer: Answer<NonNullable<LearnedRows["items"]>>): void {
    if (keys.length === 0) return answer({ ok: true, value: [] });
    this.#env.journal.readItems(
      this.#room.key,
      keys,
      this.#later((read) => {
        answer(read.ok ? { ok: true, value: keys.map((key, i) => [key, read.value[i] ?? null] as const) } : read);
      }),
    );
  }

  #messages(seqs: readonly Seq[], answer: Answer<LearnedRows["messages"]>): void {
    if (seqs.length === 0) return answer({ ok: true, value: [] });
    this.#env.journal.readOverlays(
      this.#room.key,
      seqs,
      this.#later((overlays) => {
        if (!overlays.ok) return answer(overlays);
        const sent = new Map<Seq, MessageSent>();
        const rowsOf = (): LearnedRows["messages"] =>
          seqs.map((seq, i) => [seq, messageRowOf(sent.get(seq), overlays.value[i] ?? null)] as const);
        const next = (i: number): void => {
          const seq = seqs[i];
          if (seq === undefined) return answer({ ok: true, value: rowsOf() });
          this.#findMessage(seq, (found) => {
            if (!found.ok) return answer(found);
            if (found.value !== undefined) sent.set(seq, found.value);
            next(i + 1);
          });
        };
        next(0);
      }),
    );
  }

  #findMessage(seq: Seq, answer: Answer<MessageSent | undefined>): void {
    const asMessage = (event: LogEvent | undefined): MessageSent | undefined =>
      event?.kind === "message_sent" ? event : undefined;
    const { recent } = this.#room.state;
    const inMemory = recent.get(seq);
    if (inMemory !== undefined) return answer({ ok: true, value: asMessage(inMemory) });
    this.#env.journal.readRange(
      this.#room.key,
      { from: seq, to: seq, eventsMax: 1 },
      this.#later((read) => {
        answer(read.ok ? { ok: true, value: asMessage(eventsIn(read.value, seq, seq)[0]) } : read);
      }),
    );
  }
}
