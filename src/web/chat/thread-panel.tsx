/** A message and the replies to it. New ones come with the room's events. */
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Button } from "../ui/button.tsx";
import { MenuButton, type MenuItem } from "../ui/menu.tsx";
import { Composer } from "./composer.tsx";
import { continues } from "./followed.ts";
import { plural } from "./format.ts";
import { MessageRow } from "./message-row.tsx";
import { PanelFrame } from "./panel-frame.tsx";
import { session } from "./session.ts";
import { togglePanel } from "./ui-state.ts";
import { useWhileSeen } from "./use-scroll.ts";
import { useThread } from "./use-thread.ts";

const BOTTOM_PX = 40;

export interface ThreadPanelProps {
  readonly roomId: string;
  readonly rootId: string;
  readonly isFromList?: true | undefined;
}

export function ThreadPanel({ roomId, rootId, isFromList }: ThreadPanelProps) {
  const { messages, hasOlder, older, isFollowed, follow } = useThread(roomId, rootId);
  const active = useSignal<string | undefined>(undefined);
  const list = useRef<HTMLDivElement>(null);
  const { client } = session();
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
  const [root, ...replies] = messages.value;
  const menu = (): readonly MenuItem[] => [
    isFollowed.value
      ? { label: "Unfollow thread", icon: "mute", run: () => void follow(false) }
      : { label: "Follow thread", icon: "bell", run: () => void follow(true) },
  ];
  return (
    <PanelFrame
      title="Thread"
      onBack={isFromList && (() => togglePanel("threads"))}
      actions={replies.length > 0 && <MenuButton icon="more" label="More about this thread" items={menu} />}
    >
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
