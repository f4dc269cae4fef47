/**
 * Messages as one person sees them: as they are now, with what that person did to them.
 * Invariant: rows are read for the reader alone; what others chose or wrote under a pseudonym is not read here.
 */
import type { ItemKey, UserId } from "../../base/ids.ts";
import { OWN_ROWS_PER_PAGE_MAX, REACTION_NAMES_LARGE_ROOM, REACTION_NAMES_SHOWN } from "../../base/limits.ts";
import { voteKey } from "../../domain/room/polls.ts";
import { emojiOf, isAmong, reactionKey, tallyOf } from "../../domain/room/reactions.ts";
import type { ItemValue } from "../../domain/room/state.ts";
import type { MessageView } from "../../protocol/frames.ts";
import type { ReadResult } from "../../storage/journal.ts";
import type { Later } from "../actor.ts";
import type { RoomActor } from "./room-actor.ts";
import type { HistoryPage } from "./room-reads.ts";
import type { ShardEnv } from "../shard-env.ts";
import { presentView } from "../views.ts";

const NO_ROWS: ReadonlyMap<ItemKey, ItemValue | null> = new Map();

export class MessageViews {
  readonly #env: ShardEnv;
  readonly #room: RoomActor;
  readonly #later: Later;

  constructor(env: ShardEnv, room: RoomActor, later: Later) {
    this.#env = env;
    this.#room = room;
    this.#later = later;
  }

  /** Most pages have nothing that needs a read: then the answer comes at once. */
  show(page: HistoryPage, userId: UserId, answer: (views: ReadResult<readonly MessageView[]>) => void): void {
    const keys = ownKeys(page, userId);
    if (keys.length === 0) return answer({ ok: true, value: this.#views(page, userId, NO_ROWS) });
    this.#env.journal.readItems(
      this.#room.key,
      keys,
      this.#later((read) => {
        if (!read.ok) return answer(read);
        const own = new Map(keys.map((key, i) => [key, read.value[i] ?? null] as const));
        answer({ ok: true, value: this.#views(page, userId, own) });
      }),
    );
  }

  #views(page: HistoryPage, userId: UserId, own: ReadonlyMap<ItemKey, ItemValue | null>): readonly MessageView[] {
    const { room, state } = this.#room;
    const namesMax = state.memberCount <= REACTION_NAMES_SHOWN ? REACTION_NAMES_SHOWN : REACTION_NAMES_LARGE_ROOM;
    const reading = {
      userId,
      nowMs: Math.max(this.#env.clock.wallMs(), state.lastTimestamp),
      namesMax,
      own,
      growing: this.#room.assistant.growing,
    };
    return page.map(({ event, overlay }) => presentView(room, event, overlay, reading));
  }
}

/** Rows that say what is the reader's own, where nothing else does. */
function ownKeys(page: HistoryPage, userId: UserId): readonly ItemKey[] {
  const keys: ItemKey[] = [];
  for (const { event, overlay } of page) {
    if (overlay?.deletedAt !== undefined) continue;
    if (event.poll !== undefined) keys.push(voteKey(event.seq, userId));
    if (overlay?.reactions === undefined) continue;
    for (const emoji of emojiOf(overlay)) {
      if (isAmong(tallyOf(overlay, emoji), userId) === undefined) keys.push(reactionKey(event.seq, emoji, userId));
    }
  }
  return keys.slice(0, OWN_ROWS_PER_PAGE_MAX);
}
