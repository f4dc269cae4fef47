/** Ids that name no person: nobody with such an id joins, is invited or is kept out, and whoever asks for it is told what to do instead. */
import type { UserId } from "../../../base/ids.ts";
import { ASSISTANT } from "../../assistant/runs.ts";
import type { Decision } from "../decision.ts";
import { mayBePseudonym, pseudonymNameKey } from "../pseudonyms.ts";
import { type LiveRoom, needItems, reject } from "./answer.ts";

export function refuseNobody(state: LiveRoom, userId: UserId): Decision | undefined {
  if (userId === ASSISTANT) return refuseAssistant("userId");
  if (!mayBePseudonym(userId)) return undefined;
  const key = pseudonymNameKey(userId);
  const name = state.items.get(key);
  if (name === undefined) return needItems(key);
  if (name === null) return undefined;
  return reject("invalid_field", "This is a pseudonym and no person: a ban of the pseudonym keeps it quiet.", "userId");
}

export function refuseAssistant(field: string): Decision {
  return reject("invalid_field", "The assistant is no person: enableAI says whether it answers in a room.", field);
}
