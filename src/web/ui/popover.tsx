/** Something small beside what it belongs to: closes by Escape or a press elsewhere; focus goes back to where it came from. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { rove } from "./roving.ts";

export interface Place {
  readonly x: number;
  readonly y: number;
  /** Where there is no room below: it ends here. */
  readonly above?: number;
}

export interface PopoverProps {
  readonly label: string;
  readonly role: "menu" | "dialog";
  readonly place: Place;
  /** Arrow keys go sideways. */
  readonly across?: boolean;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

const EDGE = 8;

export function placeBelow(element: Element): Place {
  const { left, top, bottom } = element.getBoundingClientRect();
  return { x: left, y: bottom + 4, above: top - 4 };
}

export function Popover({ label, role, place, across = false, onClose, children }: PopoverProps) {
  const ref = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<Place>(place);
  useLayoutEffect(() => {
    const box = ref.current;
    if (box === null) return;
    // Not as it is drawn: it grows while it appears.
    const { offsetWidth: width, offsetHeight: height } = box;
    const lowest = innerHeight - height - EDGE;
    const isAbove = place.above !== undefined && place.y > lowest && place.above - height >= EDGE;
    setAt({
      x: Math.max(EDGE, Math.min(place.x, innerWidth - width - EDGE)),
      y: isAbove ? place.above - height : Math.max(EDGE, Math.min(place.y, lowest)),
    });
    const before = document.activeElement;
    box.querySelector<HTMLElement>("[data-item]")?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected && box.contains(document.activeElement)) before.focus();
    };
  }, [place.x, place.y]);
  useEffect(() => {
    const press = (event: PointerEvent): void => {
      if (!ref.current?.contains(event.target as Node)) onClose();
    };
    addEventListener("pointerdown", press, true);
    return () => removeEventListener("pointerdown", press, true);
  }, [onClose]);
  const keyDown = (event: KeyboardEvent): void => {
    event.stopPropagation();
    if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      onClose();
    } else rove(event, ref, across);
  };
  return (
    <div
      ref={ref}
      class="menu"
      role={role}
      aria-label={label}
      tabIndex={-1}
      style={{ left: `${at.x}px`, top: `${at.y}px` }}
      onKeyDown={keyDown}
    >
      {children}
    </div>
  );
}
