/** What all panels have: a title, and a way to close them. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { IconButton } from "../ui/button.tsx";
import { closePanel, isCovered } from "./panel-step.ts";
import { focusComposer } from "./ui-state.ts";

export interface PanelFrameProps {
  readonly title: string;
  /** Back to where it was opened. */
  readonly onBack?: (() => void) | undefined;
  /** Beside the title. */
  readonly actions?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function PanelFrame({ title, onBack, actions, children }: PanelFrameProps) {
  const close = (): void => {
    closePanel();
    if (!isCovered()) focusComposer();
  };
  const frame = useRef<HTMLElement>(null);
  // Where there is room for one column only, what had the focus is hidden now.
  useEffect(() => {
    if (document.activeElement?.checkVisibility() !== true || document.activeElement === document.body)
      frame.current?.focus();
  }, []);
  return (
    <aside
      ref={frame}
      tabIndex={-1}
      class="panel"
      aria-label={title}
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
      }}
    >
      <header class="panel-head">
        {onBack && <IconButton icon="back" label="Back to the threads" onClick={onBack} />}
        <h2 class="grow cut">{title}</h2>
        {actions}
        <IconButton icon="close" label="Close panel" onClick={close} />
      </header>
      {children}
    </aside>
  );
}
