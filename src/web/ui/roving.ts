/** Lists of which one item has the tab stop: arrow keys, Home and End move it. Items are what `[data-item]` matches. */
import type { RefObject } from "preact";

/** For `onKeyDown` of the list. `across`: it goes on from line to line, and the other two arrows go from one line to the next. */
export function rove(event: KeyboardEvent, list: RefObject<HTMLElement>, across = false): void {
  const items = [...(list.current?.querySelectorAll<HTMLElement>("[data-item]") ?? [])];
  const focused = document.activeElement;
  const at = focused instanceof HTMLElement ? items.indexOf(focused) : -1;
  const [back, on] = across ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
  let to: number | undefined;
  if (event.key === on) to = at + 1 < items.length ? at + 1 : 0;
  else if (event.key === back) to = at > 0 ? at - 1 : items.length - 1;
  else if (across && event.key === "ArrowUp") to = at - lineOf(items);
  else if (across && event.key === "ArrowDown") to = at + lineOf(items);
  else if (event.key === "Home") to = 0;
  else if (event.key === "End") to = items.length - 1;
  const item = to === undefined ? undefined : items[to];
  if (item === undefined) return;
  event.preventDefault();
  for (const one of items) one.tabIndex = one === item ? 0 : -1;
  item.focus();
}

/** So many stand in a line. */
function lineOf(items: readonly HTMLElement[]): number {
  return items.filter(({ offsetTop }) => offsetTop === items[0]?.offsetTop).length;
}
