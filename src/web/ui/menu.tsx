/** A menu of things to do, at a button or at the pointer. */
import { useState } from "preact/hooks";
import { IconButton } from "./button.tsx";
import { Icon, type IconName } from "./icon.tsx";
import { type Place, placeBelow, Popover } from "./popover.tsx";

export interface MenuItem {
  readonly label: string;
  readonly icon?: IconName;
  readonly danger?: boolean;
  /** A line above it. */
  readonly line?: boolean;
  readonly run: () => void;
}

export interface MenuProps {
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly place: Place;
  readonly onClose: () => void;
}

export function Menu({ label, items, place, onClose }: MenuProps) {
  return (
    <Popover label={label} role="menu" place={place} onClose={onClose}>
      {items.map((item, index) => (
        <div key={item.label} role="none">
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
        </div>
      ))}
    </Popover>
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
        onClick={(event) => setPlace(place === undefined ? placeBelow(event.currentTarget) : undefined)}
      />
      {place && <Menu label={label} items={items()} place={place} onClose={() => setPlace(undefined)} />}
    </>
  );
}
