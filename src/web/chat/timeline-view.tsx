/**
 * The messages of a room, scrolled. Only what the window holds is in the document, so its size is steady however long the room is.
 * Invariant: what one is looking at stays where it is when something comes above or below it, and whoever is at the end stays there.
 */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { MessageView } from "../../client/stoa-chat.ts";
import { Button, IconButton } from "../ui/button.tsx";
import { Empty } from "../ui/empty.tsx";
import { continues } from "./followed.ts";
import { count, day, dayKey, plural } from "./format.ts";
import { MessageRow } from "./message-row.tsx";
import { Outgoing, SeenLine } from "./outgoing.tsx";
import type { RoomWindow } from "./room-window.ts";
import { route } from "./router.ts";
import { rowKey } from "./row-keys.ts";
import { session } from "./session.ts";
import { useSpoken } from "./spoken.ts";
import { marked } from "./ui-state.ts";
import { useReading, useScroll } from "./use-scroll.ts";

export function TimelineView({ window: held }: { readonly window: RoomWindow }) {
  const scroller = useRef<HTMLDivElement>(null);
  const active = useSignal<string | undefined>(undefined);
  const isAtEnd = useSignal(true);
  useLayoutEffect(() => held.shown(route.peek().messageId !== undefined), [held]);
  const keep = useScroll(held, scroller, isAtEnd);
  useReading(held, isAtEnd.value);
  const messages = held.messages.value;
  const isSpoken = useSpoken(messages.at(-1)?.seq, held.isLoading.value);
  // A menu that is open stays with its message, also when something new moves another one under the pointer.
  const isMenuOpen = (): boolean => scroller.current?.querySelector(".menu") != null;
  const setActive = (event: { readonly target: EventTarget | null }): void => {
    if (isMenuOpen()) return;
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-key]") : null;
    active.value = row?.dataset["key"];
  };
  return (
    <div class="timeline">
      <UnreadPill held={held} />
      <div
        class="timeline-scroll"
        ref={scroller}
        role="log"
        aria-label="Messages"
        aria-busy={held.isLoading.value}
        aria-live={isSpoken && isAtEnd.value && !held.hasNewer.value ? "polite" : "off"}
        aria-relevant="additions"
        tabIndex={0}
        onScroll={keep}
        onPointerOver={setActive}
        onPointerLeave={() => {
          if (!isMenuOpen()) active.value = undefined;
        }}
        onFocusIn={setActive}
        onKeyDown={(event) => rowKey(event, held, scroller)}
      >
        <div class="timeline-inner">
          <Beginning held={held} />
          {rows(messages, held.readSeq.value, active.value)}
          {!held.hasNewer.value && <Outgoing roomId={held.roomId} before={messages.at(-1)} />}
          {!held.hasNewer.value && <SeenLine roomId={held.roomId} last={messages.at(-1)} />}
        </div>
      </div>
      <ToEnd held={held} isAtEnd={isAtEnd.value} />
    </div>
  );
}

function rows(messages: readonly MessageView[], readSeq: number | undefined, active: string | undefined) {
  const self = session().account.userId;
  const nodes: ComponentChildren[] = [];
  let before: MessageView | undefined;
  let isMarkSet = false;
  for (const message of messages) {
    const isNewDay = before === undefined || dayKey(before.timestamp) !== dayKey(message.timestamp);
    if (isNewDay) nodes.push(<Line key={`day-${message.seq}`} text={day(message.timestamp)} />);
    const isFirstUnread =
      !isMarkSet &&
      readSeq !== undefined &&
      message.seq > readSeq &&
      (before?.seq ?? 0) <= readSeq &&
      message.authorId !== self;
    if (isFirstUnread && before !== undefined) {
      isMarkSet = true;
      nodes.push(<Line key="unread" text="New" isNew />);
    }
    const isNext = !isNewDay && !(isFirstUnread && before !== undefined) && continues(before, message);
    nodes.push(
      <MessageRow
        key={message.messageId}
        message={message}
        isNext={isNext}
        isMarked={marked.value === message.messageId}
        isActive={active === message.messageId}
      />,
    );
    before = message;
  }
  return nodes;
}

function Line({ text, isNew = false }: { readonly text: string; readonly isNew?: boolean }) {
  return (
    <div class={isNew ? "day is-new" : "day"} data-line={isNew ? "unread" : "day"}>
      <span>{text}</span>
    </div>
  );
}

function Beginning({ held }: { readonly held: RoomWindow }) {
  const room = session().room(held.roomId);
  if (held.messages.value.length === 0) {
    if (held.isLoading.value) return <Skeletons />;
    if (held.error.value !== undefined) {
      return (
        <Empty icon="warn" title="The messages could not be read">
          <p>{held.error.value.message}</p>
          <Button onClick={() => void held.toNewest()}>Try again</Button>
        </Empty>
      );
    }
    return (
      <Empty icon="chat" title={room === undefined ? "Nothing yet" : `This is ${session().titleOf(room)}`}>
        <p>{room?.description || "Nobody has written anything yet. Say hello."}</p>
      </Empty>
    );
  }
  if (held.hasOlder.value) return <Skeletons few />;
  return (
    <div class="beginning">
      <h2>{room === undefined ? "" : session().titleOf(room)}</h2>
      <p>{room?.description || "This is where it begins."}</p>
    </div>
  );
}

const SKELETONS = [70, 45, 88, 60, 35, 76];

function Skeletons({ few = false }: { readonly few?: boolean }) {
  return (
    <div class="skeletons" aria-hidden="true">
      {(few ? SKELETONS.slice(0, 2) : SKELETONS).map((width) => (
        <div class="message" key={width}>
          <div class="message-side">
            <span class="skeleton" style={{ width: "36px", height: "36px", borderRadius: "30%" }} />
          </div>
          <div class="message-main">
            <span class="skeleton" style={{ width: "110px", height: "12px", margin: "4px 0 8px" }} />
            <span class="skeleton" style={{ width: `${width}%`, height: "12px" }} />
          </div>
        </div>
      ))}
    </div>
  );
}

function UnreadPill({ held }: { readonly held: RoomWindow }) {
  const isGone = useSignal(false);
  const readSeq = held.readSeq.value;
  const first = held.messages.value[0];
  if (isGone.value || readSeq === undefined || first === undefined || first.seq <= readSeq || !held.hasOlder.value)
    return null;
  return (
    <div class="pill-top">
      <Button
        small
        kind="primary"
        onClick={() => {
          isGone.value = true;
          void held.around(readSeq).then(() => scrollToLine("unread"));
        }}
      >
        Jump to what is unread
      </Button>
      <IconButton
        icon="close"
        small
        label="Dismiss"
        onClick={() => {
          isGone.value = true;
        }}
      />
    </div>
  );
}

function scrollToLine(name: string): void {
  requestAnimationFrame(() => document.querySelector(`[data-line="${name}"]`)?.scrollIntoView({ block: "center" }));
}

function ToEnd({ held, isAtEnd }: { readonly held: RoomWindow; readonly isAtEnd: boolean }) {
  if (isAtEnd && !held.hasNewer.value) return null;
  const missed = held.missed.value;
  return (
    <button
      type="button"
      class="to-end"
      aria-label={missed > 0 ? `To the newest messages: ${plural(missed, "new one")}` : "To the newest messages"}
      onClick={() => {
        const end = (): void => {
          requestAnimationFrame(() => {
            const box = document.querySelector(".timeline-scroll");
            box?.scrollTo({ top: box.scrollHeight });
          });
        };
        if (held.hasNewer.value) void held.toNewest().then(end);
        else end();
      }}
    >
      {missed > 0 && <span class="badge is-strong">{count(missed)}</span>}
      <span aria-hidden="true">↓</span>
    </button>
  );
}
