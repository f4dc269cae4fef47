/**
 * A dialog that asks for something: fields, and a button that sends them.
 * Invariant: it is sent once at a time; it closes when it was taken, and says at the field that it is about why it was not.
 */
import type { ComponentChildren } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { type Refusal, Refused } from "./field.tsx";

export interface FormDialogProps {
  readonly title: string;
  /** What the button says. */
  readonly action: string;
  readonly isDangerous?: boolean;
  readonly isReady?: boolean;
  /** There is no field: the button has the focus. */
  readonly isQuestion?: boolean;
  /** What it throws is shown; a `field` in it names the one that it is about. */
  readonly submit: () => unknown;
  readonly onClose: () => void;
  /** Fields. */
  readonly children?: ComponentChildren;
  /** Below them: what is done at once, and not sent with the form. */
  readonly after?: ComponentChildren;
}

/** Refuses before the server has to. */
export class Refusing extends Error {
  readonly field: string | undefined;

  constructor(text: string, field?: string) {
    super(text);
    this.field = field;
  }
}

export function FormDialog(props: FormDialogProps) {
  const { title, action, isDangerous = false, isReady = true, isQuestion = false, children, after, onClose } = props;
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  const [refusal, setRefusal] = useState<Refusal>();
  const [isBusy, setBusy] = useState(false);
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (isBusy || !isReady) return;
    setBusy(true);
    try {
      await props.submit();
      onClose();
    } catch (error) {
      const { message, field } = error as Error & { readonly field?: string };
      const named = field === undefined ? null : form.current?.elements.namedItem(field);
      setRefusal(named ? { text: withoutName(message), field } : { text: message });
      if (named instanceof HTMLElement) named.focus();
    } finally {
      setBusy(false);
    }
  };
  const foot = (
    <>
      <Button onClick={onClose}>Cancel</Button>
      <Button
        type="submit"
        form={id}
        kind={isDangerous ? "danger" : "primary"}
        autofocus={isQuestion}
        disabled={!isReady || isBusy}
      >
        {action}
      </Button>
    </>
  );
  return (
    <Dialog title={title} onClose={onClose} foot={foot}>
      <form id={id} ref={form} noValidate onSubmit={send} onInput={() => setRefusal(undefined)}>
        <Refused.Provider value={refusal}>{children}</Refused.Provider>
        {refusal !== undefined && refusal.field === undefined && (
          <p class="field-error" role="alert">
            {refusal.text}
          </p>
        )}
      </form>
      {after}
    </Dialog>
  );
}

/** It stands at its field, which people know by another name than the server does. */
function withoutName(message: string): string {
  const text = message
    .replace(/^The field "[^"]*" is not acceptable: /, "")
    .replace(/^[a-z]\w*(\[\d+\])? (?=must |has |is )/, "this ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
