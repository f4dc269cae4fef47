/** Short notes at the bottom of the page that go by themselves; they are read aloud. At most three at a time. */
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { IconButton } from "./button.tsx";

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void } | undefined;
}

const SHOWN_MAX = 3;
const SHOWN_MS = 5_000;

const toasts = signal<readonly Toast[]>([]);
let last = 0;

export function toast(text: string, action?: Toast["action"]): void {
  last += 1;
  const id = last;
  toasts.value = [...toasts.value.slice(1 - SHOWN_MAX), { id, text, action }];
  setTimeout(() => drop(id), SHOWN_MS);
}

/** Of whatever went wrong. */
export function toastError(error: unknown): void {
  toast(error instanceof Error ? error.message : String(error));
}

function drop(id: number): void {
  toasts.value = toasts.value.filter((one) => one.id !== id);
}

export function Toasts() {
  const box = useRef<HTMLDivElement>(null);
  const newest = toasts.value.at(-1)?.id;
  // In the top layer, over a dialog that was opened meanwhile.
  useLayoutEffect(() => {
    if (box.current?.matches(":popover-open")) box.current.hidePopover();
    box.current?.showPopover();
  }, [newest]);
  return (
    <div ref={box} popover="manual" class="toasts" role="status" aria-live="polite">
      {toasts.value.map(({ id, text, action }) => (
        <div class="toast" key={id}>
          <span>{text}</span>
          {action && (
            <button
              type="button"
              class="button is-small"
              onClick={() => {
                action.run();
                drop(id);
              }}
            >
              {action.label}
            </button>
          )}
          <IconButton icon="close" label="Dismiss" small onClick={() => drop(id)} />
        </div>
      ))}
    </div>
  );
}
