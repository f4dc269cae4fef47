/**
 * Seeds that once found something, run before all others. What a seed does changes with the code: the bug itself is held by
 * a unit test, the seed is one more chance to meet its like.
 */
export const KEPT_SEEDS: readonly number[] = [
  // A replaced shard that went on took a quiet room back for what it had left to write; nobody told the listeners.
  5505,
  // The same by one that never had the log, and by one that failed by an exception.
  11384, 13218,
  // A client gave up a room that it had joined since, by an answer that other rooms had held up.
  5627,
  // Somebody was shown in a room that they had left before the word of their coming arrived; the word of their leaving was lost.
  32848,
  // Somebody who listened without being a member was banned, and not told that they listen no more.
  20314,
  // Nothing was to be marked as unread; the request came again, at a thread that had been given up, when it had been read. So had it once in 11384.
  6,
  // A held message was approved while its author was muted.
  33, 148,
  // A held message that was sent again after a snapshot was acked as if it stood in the room.
  428,
  // The checker took a message that waited for a moderator, in vain, for one that its author wrote after marking others as unread.
  61215,
  62292,
];

/** The same of several nodes. */
export const KEPT_CLUSTER_SEEDS: readonly number[] = [
  // A request whose link had begun anew was carried out long after the room's next owner had refused it for good: it had waited
  // for a store that did not answer.
  735,
  // The same of one that had waited for the view to name the node that sent it.
  788,
  // The checker held a message that was only repeated for one that its author wrote after marking others as unread.
  4936,
  // A shard was lost in a request of its edge's former link; the request with its number on the new one was blamed for it.
  3407,
  // The same when records were counted anew while nobody listened.
  8358,
  // Somebody who listened was said to be gone by a node that had lost sight of the others, and stayed so.
  5546, 5653,
  // A feed stood still at a place within a range that another node's entry told again from its start.
  123, 131,
  // A page of it brought events twice where a range was told again after a later one.
  20141,
  // Somebody came back muted whose mute was over by the log's times, not by the clock of whoever let them in; the checker had it wrong.
  31224,
  // A webhook was paused once more by a request that its program had given up, and everybody blamed the feed.
  30850,
  // A page of the feed began in a front that another owner had taken away: all up to the room's head was said to be gone.
  124,
];
