/** To the messages of a day. */
import { useSignal } from "@preact/signals";
import { Dialog } from "../ui/dialog.tsx";
import { Field } from "../ui/field.tsx";
import { toast } from "../ui/toast.tsx";
import { attempt } from "./actions.ts";
import { Foot } from "./create-dialogs.tsx";
import { session } from "./session.ts";
import { marked } from "./ui-state.ts";

export function DateDialog({ roomId, onClose }: { readonly roomId: string; readonly onClose: () => void }) {
  const value = useSignal("");
  const jump = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (value.value === "") return;
    onClose();
    const held = session().window(roomId);
    // Midnight of this place, not of Greenwich.
    const seq = await attempt(held.toTime(new Date(`${value.value}T00:00`).getTime()));
    if (seq === undefined) return toast("Nothing was written since then.");
    marked.value = held.messages.value.find((message) => message.seq === seq)?.messageId;
    setTimeout(() => {
      marked.value = undefined;
    }, 2_500);
  };
  return (
    <Dialog title="Jump to a day" onClose={onClose} foot={<Foot form="date" action="Jump" onClose={onClose} />}>
      <form id="date" onSubmit={jump}>
        <Field
          label="Day"
          type="date"
          max={new Date().toISOString().slice(0, 10)}
          value={value.value}
          onInput={(event) => {
            value.value = event.currentTarget.value;
          }}
        />
      </form>
    </Dialog>
  );
}
