/** A message and the replies to it. New ones come with the room's events. */
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { MessageView } from "../../client/stoa-chat.ts";
import { afterEvent } from "../../client/timeline-changes.ts";
import { messageOf, type MessageJson } from "../../client/plain.ts";
import { Button } from "../ui/button.tsx";
import { Composer } from "./composer.tsx";
import { attempt } from "./actions.ts";
import { roomPath } from "./paths.ts";
import { continues } from "./followed.ts";
import { plural } from "./format.ts";
import { MessageRow } from "./message-row.tsx";
import { PanelFrame } from "./panel-frame.tsx";
import { session } from "./session.ts";
import { togglePanel } from "./ui-state.ts";
import { useWhileSeen } from "./use-scroll.ts";

const PAGE = 50;
const BOTTOM_PX = 40;

interface ThreadJson {
  readonly message: MessageJson;
  readonly replies: readonly MessageJson[];
  readonly pagination: { readonly hasMore: boolean };
}

export interface ThreadPanelProps {
  readonly roomId: string;
  readonly rootId: string;
  readonly isFromList?: true | undefined;
}

export function ThreadPanel({ roomId, rootId, isFromList }: ThreadPanelProps) {
  const messages = useSignal<readonly MessageView[]>([]);
  const hasOlder = useSignal(false);
  const active = useSignal<string | undefined>(undefined);
  const list = useRef<HTMLDivElement>(null);
  const { client } = session();
  const path = roomPath(roomId, `/messages/${encodeURIComponent(rootId)}/thread?limit=${PAGE}`);
  useEffect(() => {
    const end = client.on("event", ({ roomId: room, event }) => {
      if (room !== roomId) return;
      if (event.type === "new_message" && event.message.threadId !== rootId) return;
      messages.value = afterEvent(messages.value, event, client.userId);
    });
    void attempt(client.rest<ThreadJson>("GET", path)).then((found) => {
      if (found === undefined) return;
      messages.value = [messageOf(found.message), ...found.replies.map(messageOf)];
      hasOlder.value = found.pagination.hasMore;
    });
    return end;
  }, [roomId, rootId]);
  const last = messages.value.at(-1)?.messageId;
  useWhileSeen(() => {
    if (last !== undefined) client.markThreadRead(roomId, rootId).catch(() => undefined);
  }, [last]);
  const isAtEnd = useRef(true);
  const isMine = messages.value.at(-1)?.authorId === client.userId;
  useLayoutEffect(() => {
    if (isAtEnd.current || isMine) list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [last]);
  const isThere = messages.value.length > 0;
  useEffect(() => {
    if (!isThere || !matchMedia("(pointer: fine)").matches) return;
    list.current?.parentElement?.querySelector("textarea")?.focus();
  }, [isThere]);
  const older = async (): Promise<void> => {
    const [root, first] = messages.value;
    if (root === undefined || first === undefined) return;
    const found = await attempt(client.rest<ThreadJson>("GET", `${path}&before=${first.messageId}`));
    if (found === undefined) return;
    messages.value = [root, ...found.replies.map(messageOf), ...messages.value.slice(1)];
    hasOlder.value = found.pagination.hasMore;
  };
  const [root, ...replies] = messages.value;
  return (
    <PanelFrame title="Thread" onBack={isFromList && (() => togglePanel("threads"))}>
      <div
        class="panel-body thread"
        ref={list}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < BOTTOM_PX;
        }}
        onPointerOver={(event) => {
          const row = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-key]") : null;
          active.value = row?.dataset["key"];
        }}
      >
        {root === undefined ? (
          <div class="empty">
            <span class="spinner" />
          </div>
        ) : (
          <>
            <MessageRow message={root} isNext={false} isMarked={false} isActive={active.value === rootId} inThread />
            <p class="thread-line">
              <span>{plural(replies.length, "reply", "replies")}</span>
            </p>
            {hasOlder.value && (
              <Button small kind="quiet" onClick={() => void older()}>
                Show earlier replies
              </Button>
            )}
            {replies.map((reply, at) => (
              <MessageRow
                key={reply.messageId}
                message={reply}
                isNext={
                  at > 0 &&
                  replies[at - 1]?.authorId === reply.authorId &&
                  continues(replies[at - 1], { ...reply, replyTo: undefined })
                }
                isMarked={false}
                isActive={active.value === reply.messageId}
                inThread
              />
            ))}
          </>
        )}
      </div>
      {root && <Composer roomId={roomId} thread={root} placeholder="Reply in this thread" />}
    </PanelFrame>
  );
}
