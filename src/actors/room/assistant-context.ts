/**
 * What the assistant is given of a room: messages as the asker sees them now, and what was said before between the two.
 * Invariant: this room's messages only; deleted ones and answers that did not come are left out, pseudonyms stay pseudonyms.
 */
import { type Seq, seqOfMessageId, type UserId } from "../../base/ids.ts";
import { AI_CONTEXT_MESSAGES, AI_SUMMARY_MESSAGES } from "../../base/limits.ts";
import type { ContextMessage } from "../../domain/assistant/port.ts";
import type { AssistantTask } from "../../domain/assistant/runs.ts";
import { shownBy } from "../../domain/room/shown-author.ts";
import type { ReadResult } from "../../storage/journal.ts";
import type { Mark } from "../../storage/projections.ts";
import type { Later } from "../actor.ts";
import type { RoomActor } from "./room-actor.ts";
import type { HistoryPage } from "./room-reads.ts";
import type { ShardEnv } from "../shard-env.ts";

type Entry = HistoryPage[number];

export interface Gathered {
  readonly context: readonly ContextMessage[];
  /** The message that asked, where one did. */
  readonly asked?: Entry;
  readonly subject?: ContextMessage;
}
export interface ContextWish {
  readonly asker: UserId;
  readonly task: AssistantTask;
  /** The message that asks; absent: nobody sees the question. */
  readonly question?: Seq;
}
export interface ContextParts {
  readonly env: ShardEnv;
  readonly room: RoomActor;
  readonly later: Later;
}
type Answer = (gathered: Gathered | undefined) => void;

/** `undefined`: it cannot be read now. */
export function gatherContext(parts: ContextParts, wish: ContextWish, answer: Answer): void {
  if (wish.task !== "summarise") return gather(parts, wish, 0, answer);
  const { env, room, later } = parts;
  // As it is stored: with the question the asker has read everything, which is noted a little later.
  const marked = later((read: ReadResult<readonly (Mark | null)[]>) =>
    gather(parts, wish, read.ok ? (read.value[0]?.readSeq ?? 0) : 0, answer),
  );
  env.projections.readMarks(room.tenant, room.room, [wish.asker], marked);
}

/** Of what follows `readSeq`, or of everything where nothing does. */
function gather(parts: ContextParts, wish: ContextWish, readSeq: Seq, answer: Answer): void {
  const { env, room, later } = parts;
  const before = (wish.question ?? room.publishedSeq) + 1;
  const limit = wish.task === "summarise" ? AI_SUMMARY_MESSAGES : AI_CONTEXT_MESSAGES;
  room.reads.history({ before, after: undefined, limit: limit + 1 }, (page) => {
    if (!page.ok) return answer(undefined);
    const asked = page.value.find(({ event }) => event.seq === wish.question);
    const others = page.value.filter((entry) => entry !== asked);
    const recalled = later((turns: readonly { readonly seq?: Seq }[]) => {
      const known = new Set(others.map(({ event }) => event.seq));
      const target = asked?.event.replyTo === undefined ? undefined : seqOfMessageId(asked.event.replyTo);
      const wanted = [...turns.map(({ seq }) => seq), target].filter((seq) => seq !== undefined && !known.has(seq));
      withMessages(parts, wanted as Seq[], (more) => {
        if (more === undefined) return answer(undefined);
        const all = [...more, ...others].toSorted((a, b) => a.event.seq - b.event.seq);
        const subject = all.find(({ event }) => event.seq === target);
        const unread = shown(others.filter(({ event }) => event.seq > readSeq));
        answer({
          context: wish.task !== "summarise" ? shown(all) : unread.length > 0 ? unread : shown(others),
          ...(asked !== undefined && { asked }),
          ...(subject !== undefined && isShown(subject) && { subject: contextMessage(subject) }),
        });
      });
    });
    // A private question is no part of the room's conversation, nor is what was said in the room part of a private one.
    if (env.assistant === undefined || wish.question === undefined) recalled([]);
    else env.assistant.recall(room.tenant, room.room, wish.asker, recalled);
  });
}

function withMessages(
  { room }: ContextParts,
  seqs: readonly Seq[],
  then: (page: HistoryPage | undefined) => void,
): void {
  if (seqs.length === 0) return then([]);
  room.reads.messages(seqs, (page) => then(page.ok ? page.value : undefined));
}

function shown(page: HistoryPage): readonly ContextMessage[] {
  return page.filter(isShown).map(contextMessage);
}

function isShown({ event, overlay }: Entry): boolean {
  if (overlay?.deletedAt !== undefined) return false;
  if (event.run !== undefined) return overlay?.answer !== undefined && overlay.answer.state !== "failed";
  return (overlay?.content ?? event.content) !== "" && event.messageType !== "system";
}

function contextMessage({ event, overlay }: Entry): ContextMessage {
  return {
    seq: event.seq,
    role: event.run === undefined ? "user" : "assistant",
    author: event.authorName ?? shownBy(event),
    content: overlay?.content ?? event.content,
    at: event.timestamp,
  };
}
