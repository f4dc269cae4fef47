/**
 * A message and the replies to it, read page by page and kept right by what happens.
 * Invariant: what happens while a page is on its way is in the list all the same.
 */
import { type ReadonlySignal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { GrowingAnswers } from "../../client/growing-answers.ts";
import { messageOf, type MessageJson } from "../../client/plain.ts";
import type { MessageView, RoomEvent } from "../../client/stoa-chat.ts";
import { afterEvent } from "../../client/timeline-changes.ts";
import { attempt } from "./actions.ts";
import { roomPath } from "./paths.ts";
import { session } from "./session.ts";

const PAGE = 50;
/** Events that may or may not be in a page that was asked for before them. */
const RECENT_MAX = 300;

interface ThreadJson {
  readonly message: MessageJson;
  readonly replies: readonly MessageJson[];
  readonly isFollowing: boolean;
  readonly pagination: { readonly hasMore: boolean };
}

export interface Thread {
  /** What it hangs on, then the replies; empty until they are read. */
  readonly messages: ReadonlySignal<readonly MessageView[]>;
  readonly hasOlder: ReadonlySignal<boolean>;
  readonly older: () => Promise<void>;
  readonly isFollowed: ReadonlySignal<boolean>;
  readonly follow: (wanted: boolean) => Promise<void>;
}

/** Whoever replies, or is mentioned in a reply, follows the thread from then on. */
function isFor({ authorId, mentions }: MessageView, userId: string | undefined): boolean {
  return authorId === userId || mentions?.some((mentioned) => mentioned === userId) === true;
}

export function useThread(roomId: string, rootId: string): Thread {
  const messages = useSignal<readonly MessageView[]>([]);
  const hasOlder = useSignal(false);
  const isFollowed = useSignal(false);
  const recent = useRef<RoomEvent[]>([]);
  const growing = useRef(new GrowingAnswers());
  const { client } = session();
  const path = roomPath(roomId, `/messages/${encodeURIComponent(rootId)}/thread?limit=${PAGE}`);
  const show = (page: readonly MessageView[], happened: readonly RoomEvent[]): void => {
    const list = happened.reduce((before, event) => afterEvent(before, event, client.userId), page);
    messages.value = growing.current.over(list);
  };
  useEffect(() => {
    const ends = [
      client.on("event", ({ roomId: room, event }) => {
        if (room !== roomId || (event.type === "new_message" && event.message.threadId !== rootId)) return;
        if (event.type === "new_message" && isFor(event.message, client.userId)) isFollowed.value = true;
        recent.current = [...recent.current.slice(1 - RECENT_MAX), event];
        growing.current.event(event);
        // Before the first page there is nothing that it belongs to.
        if (messages.value.length > 0) show(messages.value, [event]);
      }),
      client.on("frame", (frame) => {
        if (frame.type !== "ai_response" || frame.roomId !== roomId) return;
        growing.current.take(frame);
        show(messages.value, []);
      }),
    ];
    void attempt(client.rest<ThreadJson>("GET", path)).then((found) => {
      if (found === undefined) return;
      show([found.message, ...found.replies].map(messageOf), recent.current);
      hasOlder.value = found.pagination.hasMore;
      isFollowed.value = found.isFollowing;
    });
    return () => {
      for (const end of ends) end();
    };
  }, [roomId, rootId]);
  const older = async (): Promise<void> => {
    const first = messages.value[1];
    if (first === undefined) return;
    const found = await attempt(client.rest<ThreadJson>("GET", `${path}&before=${first.messageId}`));
    // Asked for twice, it is there once.
    if (found === undefined || messages.value[1]?.messageId !== first.messageId) return;
    const [root, ...replies] = messages.value;
    if (root !== undefined) show([root, ...found.replies.map(messageOf), ...replies], recent.current);
    hasOlder.value = found.pagination.hasMore;
  };
  const follow = async (wanted: boolean): Promise<void> => {
    const said = wanted ? "You are told of its replies" : "You are told no more of its replies";
    const done = await attempt(client.followThread(roomId, rootId, wanted), said);
    if (done !== undefined) isFollowed.value = wanted;
  };
  return { messages, hasOlder, older, isFollowed, follow };
}
