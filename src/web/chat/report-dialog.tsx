/** Tells the room's moderators of a message or a person. */
import { useSignal } from "@preact/signals";
import { Dialog } from "../ui/dialog.tsx";
import { Select, TextArea } from "../ui/field.tsx";
import { attempt } from "./actions.ts";
import { Foot } from "./create-dialogs.tsx";
import { session } from "./session.ts";

const REASONS = ["Spam", "Harassment", "Hate", "Violence", "Something else"].map((value) => ({ value, label: value }));

export interface ReportDialogProps {
  readonly roomId: string;
  readonly about: { readonly messageId?: string; readonly userId?: string; readonly name: string };
  readonly onClose: () => void;
}

export function ReportDialog({ roomId, about: { messageId, userId, name }, onClose }: ReportDialogProps) {
  const reason = useSignal("Spam");
  const details = useSignal("");
  const report = (event: Event): void => {
    event.preventDefault();
    onClose();
    const { client } = session();
    const more = { reason: reason.value, ...(details.value.trim() !== "" && { details: details.value.trim() }) };
    const asked =
      messageId !== undefined
        ? client.request({ type: "report_message", roomId, messageId, ...more })
        : client.request({ type: "report_user", roomId, userId: userId ?? "", ...more });
    void attempt(asked, "Thank you. The moderators will look at it.");
  };
  const title = messageId === undefined ? `Report ${name}` : `Report this message of ${name}`;
  return (
    <Dialog title={title} onClose={onClose} foot={<Foot form="report" action="Report" onClose={onClose} />}>
      <form id="report" onSubmit={report}>
        <Select
          label="What is wrong with it"
          value={reason.value}
          options={REASONS}
          onChange={(value) => {
            reason.value = value;
          }}
        />
        <TextArea
          label="More about it"
          hint="Only the moderators of this room see it."
          maxLength={1000}
          value={details.value}
          onInput={(event) => {
            details.value = event.currentTarget.value;
          }}
        />
      </form>
    </Dialog>
  );
}
