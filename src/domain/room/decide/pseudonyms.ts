/** Writing under a pseudonym, and keeping one from writing. What is refused never says whose a pseudonym is. */
import { PSEUDONYM_REASON_LENGTH_MAX } from "../../../base/limits.ts";
import type { Principal } from "../../principal.ts";
import type { BanPseudonym } from "../commands.ts";
import type { Decision } from "../decision.ts";
import type { MessageSent } from "../events.ts";
import { type PseudonymRow, pseudonymBanKey, pseudonymKey, pseudonymNameKey, pseudonymOf } from "../pseudonyms.ts";
import {
  accept,
  type DecideContext,
  eventBase,
  type LiveRoom,
  needItems,
  refuse,
  reject,
  UNCHANGED,
} from "./answer.ts";
import { refuseText } from "./values.ts";

/** Puts the author's pseudonym in the place of their name, or says why not. */
export function replaceAuthor(
  state: LiveRoom,
  by: Principal,
  event: { -readonly [K in keyof MessageSent]: MessageSent[K] },
  context: DecideContext,
): Decision | undefined {
  const refusal = refuse(state, by, "anonymous");
  if (refusal !== undefined) return refusal;
  if (state.settings.allowAnonymous !== true) {
    return reject("forbidden", "This room takes no messages without a name.", "anonymous");
  }
  const key = pseudonymKey(by.userId);
  const known = state.items.get(key) as PseudonymRow | null | undefined;
  if (known === undefined) return needItems(key);
  const { id, name } = known ?? pseudonymOf(context.token());
  if (known === null) event.isFirstAs = true;
  else {
    const ban = state.items.get(pseudonymBanKey(id));
    if (ban === undefined) return needItems(pseudonymBanKey(id));
    if (ban !== null) return reject("forbidden", "Your pseudonym may not write here any more.", "anonymous");
  }
  event.as = id;
  event.authorName = name;
  delete event.authorAvatar;
  return undefined;
}

export function decideBanPseudonym(
  state: LiveRoom,
  command: BanPseudonym,
  bodyHash: number,
  context: DecideContext,
): Decision {
  const { by, pseudonym, banned, reason } = command;
  const refusal = refuse(state, by, "ban");
  if (refusal !== undefined) return refusal;
  const unfit = refuseText("reason", reason, PSEUDONYM_REASON_LENGTH_MAX);
  if (unfit !== undefined) return unfit;
  const [nameKey, banKey] = [pseudonymNameKey(pseudonym), pseudonymBanKey(pseudonym)];
  const named = state.items.get(nameKey) as Pick<PseudonymRow, "name"> | null | undefined;
  const ban = state.items.get(banKey);
  if (named === undefined || ban === undefined) return needItems(nameKey, banKey);
  if (named === null) return reject("user_not_found", "There is no such pseudonym in this room.", "pseudonym");
  if ((ban !== null) === banned) return UNCHANGED;
  const base = eventBase(state, command, bodyHash, context);
  return accept([
    {
      kind: "pseudonym_changed",
      seq: state.head + 1,
      ...base,
      pseudonym,
      name: named.name,
      banned,
      ...(banned && reason !== undefined && { reason }),
    },
  ]);
}
