/**
 * A list of messages after one more event of their room. Applying an event twice, or to messages that were read behind it, ends
 * with the same list once all later events are applied, too.
 */
import type { MessageId, UserId } from "../base/ids.ts";
import type { MessageView, ReactionView, RoomEvent } from "../protocol/frames.ts";

type Messages = readonly MessageView[];
type Updated = Extract<RoomEvent, { readonly type: "message_updated" }>;

/** The same list when nothing of it changes. */
export function afterEvent(messages: Messages, event: RoomEvent, self: UserId | undefined): Messages {
  switch (event.type) {
    case "new_message":
      return withMessage(messages, event.message);
    case "message_updated":
      return change(messages, event.messageId, (message) => updated(message, event, self));
    case "message_deleted":
      return change(
        messages,
        event.messageId,
        ({ attachments: _files, reactions: _shown, poll: _poll, ...message }) => ({
          ...message,
          content: "",
          deletedAt: event.timestamp,
        }),
      );
    case "ai_response": {
      const { content, messageId, type: _type, seq: _seq, timestamp: _at, by: _by, ...outcome } = event;
      return change(messages, messageId, (message) =>
        message.answer === undefined ? message : { ...message, content, answer: { ...message.answer, ...outcome } },
      );
    }
    default:
      return messages;
  }
}

/** In its place, instead of what is there. */
function withMessage(messages: Messages, message: MessageView): Messages {
  const newest = messages.at(-1);
  if (newest === undefined || message.seq > newest.seq) return [...messages, message];
  const at = messages.findIndex(({ seq }) => seq >= message.seq);
  const next = [...messages];
  next.splice(at, messages[at]?.seq === message.seq ? 1 : 0, message);
  return next;
}

function change(messages: Messages, id: MessageId, to: (message: MessageView) => MessageView): Messages {
  // What changes is most often among the newest.
  const at = messages.findLastIndex(({ messageId }) => messageId === id);
  const message = messages[at];
  if (message === undefined) return messages;
  const next = [...messages];
  next[at] = to(message);
  return next;
}

function updated(
  message: MessageView,
  { change: what, by, timestamp }: Updated,
  self: UserId | undefined,
): MessageView {
  switch (what.kind) {
    case "content":
      return { ...message, content: what.content, editedAt: timestamp };
    case "reaction":
      return { ...message, reactions: reacted(message.reactions ?? {}, what, by, self) };
    case "poll": {
      const { poll } = message;
      if (poll === undefined) return message;
      const { votes, voters, isClosed } = what.poll;
      const options = poll.options.map((option, i) => ({ ...option, votes: votes[i] ?? option.votes }));
      return { ...message, poll: { ...poll, options, voters, isClosed } };
    }
    case "thread": {
      const { replyCount, lastReplyAt = message.thread?.lastReplyAt ?? timestamp } = what.thread;
      if (replyCount === 0) return without(message);
      return { ...message, thread: { participants: [], ...message.thread, replyCount, lastReplyAt } };
    }
  }
}

function without({ thread: _thread, ...message }: MessageView): MessageView {
  return message;
}

function reacted(
  reactions: Readonly<Record<string, ReactionView>>,
  { emoji, added, count }: { readonly emoji: string; readonly added: boolean; readonly count: number },
  by: UserId | undefined,
  self: UserId | undefined,
): Readonly<Record<string, ReactionView>> {
  const { [emoji]: before, ...others } = reactions;
  if (count === 0) return others;
  const users = (before?.users ?? []).filter((userId) => userId !== by);
  const isMine = by !== undefined && by === self ? added : before?.mine === true;
  const view = {
    count,
    users: added && by !== undefined ? [...users, by] : users,
    ...(isMine && { mine: true as const }),
  };
  // In its place.
  if (before === undefined) return { ...others, [emoji]: view };
  return Object.fromEntries(Object.entries(reactions).map(([name, one]) => [name, name === emoji ? view : one]));
}
