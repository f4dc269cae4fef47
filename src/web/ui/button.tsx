/** Buttons with words, and with a pictogram alone: that one always says in words what it does. */
import type { ComponentChildren, JSX } from "preact";
import { Icon, type IconName } from "./icon.tsx";

type Native = Omit<JSX.IntrinsicElements["button"], "class" | "icon" | "children" | "label">;

export interface ButtonProps extends Native {
  readonly kind?: "plain" | "primary" | "danger" | "quiet";
  readonly small?: boolean;
  readonly wide?: boolean;
  readonly icon?: IconName;
  readonly children: ComponentChildren;
}

export function Button({ kind = "plain", small, wide, icon, children, ...rest }: ButtonProps) {
  const classes = ["button", `is-${kind}`, small && "is-small", wide && "is-wide"].filter(Boolean).join(" ");
  return (
    <button type="button" {...rest} class={classes}>
      {icon && <Icon name={icon} size={16} />}
      {children}
    </button>
  );
}

export interface IconButtonProps extends Native {
  readonly icon: IconName;
  /** What it does, for those who do not see it and as its tip. */
  readonly label: string;
  readonly small?: boolean;
}

export function IconButton({ icon, label, small, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...rest}
      class={small ? "icon-button is-small" : "icon-button"}
    >
      <Icon name={icon} size={small ? 16 : 18} />
    </button>
  );
}
