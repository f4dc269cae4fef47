/** Tells the room's moderators of a message or a person. */
import { useSignal } from "@preact/signals";
import { Select, TextArea } from "../ui/field.tsx";
import { FormDialog } from "../ui/form-dialog.tsx";
import { toast } from "../ui/toast.tsx";
import { mayModerate } from "./roles.ts";
import { session } from "./session.ts";

const DETAILS_LENGTH_MAX = 1_000;
const REASONS = ["Spam", "Harassment", "Hate", "Violence", "Something else"].map((value) => ({ value, label: value }));

export interface ReportDialogProps {
  readonly roomId: string;
  readonly about: { readonly messageId?: string; readonly userId?: string; readonly name: string };
  readonly onClose: () => void;
}

export function ReportDialog({ roomId, about: { messageId, userId, name }, onClose }: ReportDialogProps) {
  const reason = useSignal("Spam");
  const details = useSignal("");
  const report = async (): Promise<void> => {
    const { client } = session();
    const more = { reason: reason.value, ...(details.value.trim() !== "" && { details: details.value.trim() }) };
    await (messageId !== undefined
      ? client.request({ type: "report_message", roomId, messageId, ...more })
      : client.request({ type: "report_user", roomId, userId: userId ?? "", ...more }));
    // Nobody is told of their own.
    if (mayModerate(roomId)) session().desk(roomId).reload();
    toast("Thank you. The moderators will look at it.");
  };
  const title = messageId === undefined ? `Report ${name}` : `Report this message of ${name}`;
  return (
    <FormDialog title={title} action="Report" submit={report} onClose={onClose}>
      <Select label="What is wrong with it" options={REASONS} of={reason} />
      <TextArea
        label="More about it"
        name="details"
        hint="Only the moderators of this room see it."
        maxLength={DETAILS_LENGTH_MAX}
        of={details}
      />
    </FormDialog>
  );
}
