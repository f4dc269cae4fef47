/**
 * Where a panel covers the room, it is a step of the browser's history: going back closes it.
 * Invariant: closing it takes the step back, and going elsewhere from it takes its place.
 */
import { effect } from "@preact/signals";
import { panel } from "./ui-state.ts";

/** Up to this width (as in `layout.css`) there is no room for both. */
const COVERED = "(max-width: 900px)";
const STEP = { isPanel: true };

export function isCovered(): boolean {
  return matchMedia(COVERED).matches;
}

function isStep(): boolean {
  return (history.state as Partial<typeof STEP> | null)?.isPanel === true;
}

export function keepPanelStep(): void {
  // Nothing is open after a reload.
  if (isStep()) history.replaceState(null, "");
  let wasOpen = false;
  effect(() => {
    const isOpen = panel.value !== undefined;
    if (isOpen && !wasOpen && isCovered() && !isStep()) history.pushState(STEP, "");
    wasOpen = isOpen;
  });
}

export function closePanel(): void {
  if (panel.peek() !== undefined && isStep()) history.back();
  else panel.value = undefined;
}
