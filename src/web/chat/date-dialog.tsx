/** To the messages of a day. */
import { useSignal } from "@preact/signals";
import { Field } from "../ui/field.tsx";
import { FormDialog, Refusing } from "../ui/form-dialog.tsx";
import { markFor } from "./actions.ts";
import { session } from "./session.ts";

export function DateDialog({ roomId, onClose }: { readonly roomId: string; readonly onClose: () => void }) {
  const today = new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
  const value = useSignal(today);
  const jump = async (): Promise<void> => {
    const held = session().window(roomId);
    // Midnight of this place, not of Greenwich.
    const from = new Date(`${value.value}T00:00`).getTime();
    if (Number.isNaN(from)) throw new Refusing("Choose a day.", "day");
    const seq = await held.toTime(from);
    if (seq === undefined) throw new Refusing("Nothing was written on that day or later.", "day");
    markFor(held.messages.value.find((message) => message.seq === seq)?.messageId);
  };
  return (
    <FormDialog title="Jump to a day" action="Jump" submit={jump} onClose={onClose}>
      <Field
        label="Day"
        name="day"
        type="date"
        autofocus
        max={today}
        hint="The first message of that day, or the next one after it."
        of={value}
      />
    </FormDialog>
  );
}
