/**
 * Port of the assistant: whoever answers questions for a room or a person. The engine gives it what the asker may read and
 * nothing else; what comes back is text of an untrusted stranger.
 */
import type { MessageId, RoomId, Seq, TenantId, UserId } from "../../base/ids.ts";
import type { AssistantTask, RunReason, Sentiment } from "./runs.ts";

export interface ContextMessage {
  /** Where it stands in the room; absent in a conversation outside of rooms. */
  readonly seq?: Seq;
  readonly role: "user" | "assistant";
  /** As the asker sees them: a name, or a pseudonym. */
  readonly author: string;
  readonly content: string;
  readonly at: number;
}

export interface AssistantQuestion {
  readonly tenant: TenantId;
  /** Absent: it is about no room, and knows of none. */
  readonly room?: RoomId;
  /** Who asks, and whose budget it is. */
  readonly user: UserId;
  /** How the asker is called in the room. */
  readonly userName: string;
  readonly task: AssistantTask;
  readonly text: string;
  /** The oldest first. */
  readonly context: readonly ContextMessage[];
  /** The message that the question is a reply to. */
  readonly subject?: ContextMessage;
  /** What the asker says that it is about. */
  readonly topic?: string;
  /** The message of the room that asked, for the memory of the conversation. */
  readonly question?: Seq;
  readonly answer?: Seq;
}

export interface RunEnd {
  readonly state: "complete" | "failed";
  readonly reason?: RunReason;
  readonly retryAfterMs?: number;
  readonly provider?: string;
  readonly model?: string;
  /** Messages that were in what the provider got. */
  readonly sources: readonly Seq[];
  /** Only where the provider says how sure it was, 0 to 1. */
  readonly confidence?: number;
  readonly tokens?: { readonly input: number; readonly output: number };
  readonly sentiment?: Sentiment;
}

export interface AssistantListener {
  /** A provider answers from the start. What another one said before is void. */
  began(): void;
  piece(text: string): void;
  /** Once, and nothing after it. */
  ended(end: RunEnd): void;
}

export interface AssistantRun {
  /** Ends it at the provider; its listener hears nothing more. */
  stop(): void;
}

/** What the assistant remembers of a conversation with one person: places in the room, read again when they are used. */
export interface RememberedTurn {
  readonly role: "user" | "assistant";
  readonly seq?: Seq;
  /** Outside of rooms. */
  readonly content?: string;
  readonly at: number;
}

export interface Assistant {
  /** false: there is no provider; every question ends as `not_configured`. */
  readonly isConfigured: boolean;
  /** Calls its listener later, never from within the call. */
  start(question: AssistantQuestion, listener: AssistantListener): AssistantRun;
  /** The oldest first; nothing where nothing is remembered or it cannot be read now. */
  recall(
    tenant: TenantId,
    room: RoomId | undefined,
    user: UserId,
    done: (turns: readonly RememberedTurn[]) => void,
  ): void;
}

export interface AskReply {
  readonly response: string;
  readonly sources: readonly MessageId[];
  readonly confidence?: number;
  readonly responseTimeMs: number;
  readonly provider?: string;
  readonly model?: string;
  /** Present where the answer was cut. */
  readonly reason?: RunReason;
  readonly sentiment?: Sentiment;
}
