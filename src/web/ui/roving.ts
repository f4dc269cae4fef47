/** Lists of which one item has the tab stop: arrow keys, Home and End move it. Items are what `[data-item]` matches. */
import type { RefObject } from "preact";

/** For `onKeyDown` of the list. */
export function rove(event: KeyboardEvent, list: RefObject<HTMLElement>, across = false): void {
  const items = [...(list.current?.querySelectorAll<HTMLElement>("[data-item]") ?? [])];
  const focused = document.activeElement;
  const at = focused instanceof HTMLElement ? items.indexOf(focused) : -1;
  const [back, on] = across ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
  let to: number | undefined;
  if (event.key === on) to = at + 1 < items.length ? at + 1 : 0;
  else if (event.key === back) to = at > 0 ? at - 1 : items.length - 1;
  else if (event.key === "Home") to = 0;
  else if (event.key === "End") to = items.length - 1;
  const item = to === undefined ? undefined : items[to];
  if (item === undefined) return;
  event.preventDefault();
  for (const one of items) one.tabIndex = one === item ? 0 : -1;
  item.focus();
}
