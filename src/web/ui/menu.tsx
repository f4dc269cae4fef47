/** A menu at a button or at the pointer: closes by choice, Escape, or a press elsewhere; focus goes back to where it came from. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { IconButton } from "./button.tsx";
import { Icon, type IconName } from "./icon.tsx";
import { rove } from "./roving.ts";

export interface MenuItem {
  readonly label: string;
  readonly icon?: IconName;
  readonly danger?: boolean;
  /** A line above it. */
  readonly line?: boolean;
  readonly run: () => void;
}
export interface Place {
  readonly x: number;
  readonly y: number;
}

const EDGE = 8;

export interface MenuProps {
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly place: Place;
  readonly onClose: () => void;
}

export function Menu({ label, items, place, onClose }: MenuProps) {
  const ref = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<Place>(place);
  useLayoutEffect(() => {
    const menu = ref.current;
    if (menu === null) return;
    const { width, height } = menu.getBoundingClientRect();
    setAt({
      x: Math.max(EDGE, Math.min(place.x, innerWidth - width - EDGE)),
      y: Math.max(EDGE, Math.min(place.y, innerHeight - height - EDGE)),
    });
    const before = document.activeElement;
    menu.querySelector<HTMLElement>("[data-item]")?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected && menu.contains(document.activeElement)) before.focus();
    };
  }, [place.x, place.y]);
  useEffect(() => {
    const press = (event: PointerEvent): void => {
      if (!ref.current?.contains(event.target as Node)) onClose();
    };
    addEventListener("pointerdown", press, true);
    return () => removeEventListener("pointerdown", press, true);
  }, [onClose]);
  return (
    <div
      ref={ref}
      class="menu"
      role="menu"
      aria-label={label}
      tabIndex={-1}
      style={{ left: `${at.x}px`, top: `${at.y}px` }}
      onKeyDown={(event) => {
        if (event.key === "Escape" || event.key === "Tab") {
          event.preventDefault();
          event.stopPropagation();
          onClose();
        } else rove(event, ref);
      }}
    >
      {items.map((item, index) => (
        <>
          {item.line && index > 0 && <div class="menu-line" />}
          <button
            type="button"
            role="menuitem"
            data-item
            tabIndex={-1}
            class={item.danger ? "menu-item is-danger" : "menu-item"}
            onClick={() => {
              onClose();
              item.run();
            }}
          >
            {item.icon && <Icon name={item.icon} size={16} />}
            <span class="grow cut">{item.label}</span>
          </button>
        </>
      ))}
    </div>
  );
}

export interface MenuButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly small?: boolean;
  readonly items: () => readonly MenuItem[];
}

export function MenuButton({ icon, label, small, items }: MenuButtonProps) {
  const [place, setPlace] = useState<Place>();
  return (
    <>
      <IconButton
        icon={icon}
        label={label}
        small={small ?? false}
        aria-haspopup="menu"
        aria-expanded={place !== undefined}
        onClick={(event) => {
          const { left, bottom } = event.currentTarget.getBoundingClientRect();
          setPlace(place === undefined ? { x: left, y: bottom + 4 } : undefined);
        }}
      />
      {place && <Menu label={label} items={items()} place={place} onClose={() => setPlace(undefined)} />}
    </>
  );
}
