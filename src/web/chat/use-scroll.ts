/** Where one is in a room's messages, kept through all changes; and that what is looked at is read. */
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { RoomWindow } from "./room-window.ts";
import { session } from "./session.ts";
import { marked } from "./ui-state.ts";

/** Further than this from an end nothing more is read. */
const NEAR_PX = 900;
const BOTTOM_PX = 40;

interface Anchor {
  readonly key: string;
  readonly top: number;
}

/** Gives the handler of `scroll`. After each change of the messages it puts back what was seen. */
export function useScroll(
  held: RoomWindow,
  scroller: { readonly current: HTMLDivElement | null },
  isAtEnd: { value: boolean },
): () => void {
  const anchor = useRef<Anchor>();
  const height = useRef(0);
  const messages = held.messages.value;
  const target = marked.value;
  const settle = (): void => {
    const box = scroller.current;
    if (box === null) return;
    height.current = box.clientHeight;
    if (isAtEnd.value && !held.hasNewer.value) box.scrollTop = box.scrollHeight;
    else restore(box, anchor.current);
  };
  const more = (): void => {
    const box = scroller.current;
    if (box === null) return;
    if (box.scrollTop < NEAR_PX) void held.older();
    if (box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX) void held.newer();
  };
  useLayoutEffect(() => {
    settle();
    more();
  }, [messages]);
  useEffect(() => {
    const box = scroller.current;
    if (target === undefined || box === null) return;
    const row = box.querySelector(`[data-key="${CSS.escape(target)}"]`);
    row?.scrollIntoView({ block: "center" });
  }, [target, messages]);
  // Pictures come, the window grows, an answer gets longer.
  useEffect(() => {
    const box = scroller.current;
    const inner = box?.firstElementChild;
    if (box === null || !inner) return;
    const observer = new ResizeObserver(settle);
    observer.observe(inner);
    observer.observe(box);
    return () => observer.disconnect();
  }, [held]);
  return () => {
    const box = scroller.current;
    if (box === null) return;
    // Nobody scrolled: the field below grew, or a keyboard came up.
    if (isAtEnd.value && box.clientHeight !== height.current) return settle();
    isAtEnd.value = box.scrollHeight - box.scrollTop - box.clientHeight < BOTTOM_PX;
    anchor.current = anchorOf(box);
    more();
  };
}

/** The first message that can be seen. */
function anchorOf(box: HTMLElement): Anchor | undefined {
  const { top } = box.getBoundingClientRect();
  for (const row of box.querySelectorAll<HTMLElement>("[data-key]")) {
    const at = row.getBoundingClientRect();
    if (at.bottom > top) return { key: row.dataset["key"] ?? "", top: at.top - top };
  }
  return undefined;
}

function restore(box: HTMLElement, anchor: Anchor | undefined): void {
  if (anchor === undefined) return;
  const row = box.querySelector(`[data-key="${CSS.escape(anchor.key)}"]`);
  if (row === null) return;
  const moved = row.getBoundingClientRect().top - box.getBoundingClientRect().top - anchor.top;
  if (Math.abs(moved) > 0.5) box.scrollTop += moved;
}

/** What is at the end of the window is read while the page is looked at. */
export function useReading(held: RoomWindow, isAtEnd: boolean): void {
  const messages = held.messages.value;
  useEffect(() => {
    held.watch(() => isAtEnd && isLookedAt());
    return () => held.watch(() => false);
  }, [held, isAtEnd]);
  const isNewest = !held.hasNewer.value;
  const { isListening } = session().state(held.roomId).value;
  useWhileSeen(() => {
    // All that has arrived: edits and reactions have numbers, too.
    if (isAtEnd && isNewest && held.messages.peek().length > 0 && held.look()) session().client.markRead(held.roomId);
  }, [held, messages, isAtEnd, isNewest, isListening]);
}

function isLookedAt(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}

/** Runs when one of `of` changes and the page is looked at, or else as soon as it is. */
export function useWhileSeen(run: () => void, of: readonly unknown[]): void {
  useEffect(() => {
    const look = (): void => {
      if (isLookedAt()) run();
    };
    look();
    addEventListener("focus", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      removeEventListener("focus", look);
      document.removeEventListener("visibilitychange", look);
    };
  }, of);
}
