/**
 * The text of answers that grow, as far as this client was told it. What was read from history meanwhile may be behind it, or not
 * be there yet: then the pieces wait for their message here.
 * Invariant: of one attempt the longer text holds, and of two attempts the later one; whatever comes first.
 */
import type { MessageId } from "../base/ids.ts";
import type { AiResponseFrame, MessageView, RoomEvent } from "../protocol/frames.ts";

interface Told {
  readonly attempt: number;
  /** Where its text begins: what is before was read by nobody here, and stands in the message. */
  readonly from: number;
  readonly text: string;
}

/** Twice as many as may grow in one room. Beyond, the one that was heard of first is left out until its end. */
const ANSWERS_MAX = 16;

export class GrowingAnswers {
  readonly #told = new Map<MessageId, Told>();

  /** One more piece; `over` shows it. */
  take({ messageId, attempt, offset, text }: AiResponseFrame): void {
    const told = this.#told.get(messageId);
    if (told === undefined || attempt > told.attempt || (attempt === told.attempt && offset < told.from)) {
      return this.#keep(messageId, { attempt, from: offset, text });
    }
    const at = offset - told.from;
    // Of an attempt that is over, or something before it got lost.
    if (attempt < told.attempt || at > told.text.length) return;
    this.#keep(messageId, { ...told, text: told.text.slice(0, at) + text });
  }

  /** What ended grows no more. */
  event(event: RoomEvent): void {
    if (event.type !== "ai_response" && event.type !== "message_deleted") return;
    if (event.type === "message_deleted" || event.state !== "streaming") this.#told.delete(event.messageId);
  }

  /** The list after a page or an event, with each answer as far as it was told. The same list when it has that. */
  over(messages: readonly MessageView[]): readonly MessageView[] {
    let next: MessageView[] | undefined;
    for (const [id, told] of this.#told) {
      const at = messages.findLastIndex(({ messageId }) => messageId === id);
      const message = messages[at];
      if (message === undefined) continue;
      const grown = this.#grown(message, told);
      if (grown === message) continue;
      next ??= [...messages];
      next[at] = grown;
    }
    return next ?? messages;
  }

  #grown(message: MessageView, told: Told): MessageView {
    const { answer, content, messageId, deletedAt } = message;
    if (answer?.state !== "streaming" || deletedAt !== undefined || told.attempt < answer.attempt) {
      this.#told.delete(messageId);
      return message;
    }
    const { attempt } = told;
    const isLater = attempt > answer.attempt;
    const base = isLater ? "" : content;
    if (told.from > base.length) return message;
    const whole = base.slice(0, told.from) + told.text;
    const text = whole.length > base.length ? whole : base;
    this.#keep(messageId, { attempt, from: 0, text });
    return text === content && !isLater ? message : { ...message, content: text, answer: { ...answer, attempt } };
  }

  #keep(messageId: MessageId, told: Told): void {
    this.#told.set(messageId, told);
    const [oldest] = this.#told.keys();
    if (this.#told.size > ANSWERS_MAX && oldest !== undefined) this.#told.delete(oldest);
  }
}
