/** The other one of a room of two: nobody else is ever a member, so its first two rows tell. */
import type { UserId } from "../../base/ids.ts";
import type { UserRef } from "../../protocol/frames.ts";
import type { Done, Journal, LogKey } from "../../storage/journal.ts";
import type { Later } from "../actor.ts";
import { userRef } from "../views.ts";

const PAIR = 2;

/** `null`: they are there no more. */
export function readPeer(
  journal: Pick<Journal, "listMembers">,
  log: LogKey,
  userId: UserId,
  later: Later,
  answer: Done<UserRef | null>,
): void {
  journal.listMembers(
    log,
    { limit: PAIR },
    later((read) => {
      if (!read.ok) return answer(read);
      const peer = read.value.find((member) => member.userId !== userId);
      answer({ ok: true, value: peer === undefined ? null : userRef(peer.userId, peer.name, peer.avatar) });
    }),
  );
}
