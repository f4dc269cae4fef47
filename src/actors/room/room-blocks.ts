/**
 * What a room of two believes of its people's block lists, for a short while. Made in rooms whose type heeds blocks, when
 * somebody writes. Invariant: nothing is believed that was not read, and what was read, or is being read, when a user's actor tells of
 * a change is forgotten before that is answered.
 */
import type { UserId } from "../../base/ids.ts";
import type { BlockMark, BlockWish } from "../../domain/room/decision.ts";
import type { LogKey, ReadResult } from "../../storage/journal.ts";
import type { Later } from "../actor.ts";
import { addressHash, type RoomAddress, userAddress } from "../address.ts";
import type { BlocksChanged } from "../messages.ts";
import type { ShardEnv } from "../shard-env.ts";
import { blocksOf } from "../user/user-blocks.ts";
import { topicKey } from "./room-listeners.ts";

type Answer<Value> = (result: ReadResult<Value>) => void;

/** To whoever waits for it: what the room read before `message` is not believed any more. Who only follows its log can't say so. */
export function blocksHeard(env: ShardEnv, address: RoomAddress, { asks }: BlocksChanged): void {
  const { tenant, id } = address;
  if (asks === undefined || env.ownership.follows(addressHash(address), topicKey(tenant, id))) return;
  env.tell(userAddress(tenant, asks.by), { kind: "blocks_heard", room: id, news: asks.news });
}

/** Rooms that heed blocks have two members. */
const MEMBERS_MAX = 2;

/** Reads whether one of them has blocked the person, and notes the answer in `known`. */
export function readBlocks(
  env: ShardEnv,
  key: LogKey,
  later: Later,
  wish: BlockWish,
  known: Map<UserId, BlockMark>,
  answer: Answer<true>,
): void {
  membersBut(env, key, later, wish, (others) => {
    if (!others.ok) return answer(others);
    const at = env.clock.wallMs();
    const next = (i: number): void => {
      const other = others.value[i];
      if (other === undefined) {
        known.set(wish.user, { isBlocked: false, at });
        return answer({ ok: true, value: true });
      }
      env.projections.readDocument(
        key.tenant,
        blocksOf(other),
        wish.user,
        later((read) => {
          if (!read.ok) return answer(read);
          if (read.value === null) return next(i + 1);
          known.set(wish.user, { isBlocked: true, at });
          answer({ ok: true, value: true });
        }),
      );
    };
    next(0);
  });
}

function membersBut(
  env: ShardEnv,
  key: LogKey,
  later: Later,
  { user, by }: BlockWish,
  answer: Answer<readonly UserId[]>,
): void {
  if (by !== undefined) return answer({ ok: true, value: by });
  env.journal.listMembers(
    key,
    { limit: MEMBERS_MAX },
    later((read) => {
      if (!read.ok) return answer(read);
      answer({ ok: true, value: read.value.map(({ userId }) => userId).filter((userId) => userId !== user) });
    }),
  );
}
