/**
 * Tells the listeners at one edge what was committed and not told to them: their link began anew, or their room's former
 * activation ended. It goes through their topic, so that the edge notes with each block how far they are, and a further loss
 * repeats nothing.
 */
import type { Listeners } from "./room-listeners.ts";
import type { RoomActor } from "./room-actor.ts";

/** `then` runs when they have what the others have, in this turn when that is in memory. */
export function catchUp(room: RoomActor, listeners: Listeners, then: () => void): void {
  const { audience, state, facts, publishedSeq: head } = room;
  const after = listeners.toldSeq;
  // Nothing is left to tell, or nobody to be told.
  if (after === undefined || listeners.size === 0) return then();
  if (facts !== undefined && state.recent.covers(after)) {
    audience.tellMissed(listeners, state.recent.slice(after, head), head, facts);
    return then();
  }
  room.reads.events(after, head, (page) => {
    const present = room.facts;
    if (present !== undefined && page.ok && page.value.length > 0) {
      audience.tellMissed(listeners, page.value, room.publishedSeq, present);
      return catchUp(room, listeners, then);
    }
    // They come back and ask for what they lack: better than a gap that nobody names.
    audience.sendAway(listeners);
    then();
  });
}
