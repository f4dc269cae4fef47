/** What all panels have: a title, and a way to close them. */
import type { ComponentChildren } from "preact";
import { IconButton } from "../ui/button.tsx";
import { focusComposer, panel } from "./ui-state.ts";

export interface PanelFrameProps {
  readonly title: string;
  readonly children: ComponentChildren;
}

export function PanelFrame({ title, children }: PanelFrameProps) {
  const close = (): void => {
    panel.value = undefined;
    focusComposer();
  };
  return (
    <aside
      class="panel"
      aria-label={title}
      onKeyDown={(event) => {
        if (event.key === "Escape") close();
      }}
    >
      <header class="panel-head">
        <h2 class="grow cut">{title}</h2>
        <IconButton icon="close" label="Close panel" onClick={close} />
      </header>
      {children}
    </aside>
  );
}
