/**
 * Whom people are shown as the one who did something. Everything that leaves a room, and every row that something may be
 * shown from, takes the name from here and never from `by`: the author of an anonymous message is in the log and nowhere else.
 */
import type { UserId } from "../../base/ids.ts";

/** `as` is the pseudonym of an anonymous message's author. */
export function shownBy(event: { readonly by: UserId; readonly as?: UserId }): UserId {
  return event.as === undefined ? event.by : event.as;
}
