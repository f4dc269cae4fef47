/** Keeps somebody from writing in the room, or out of it: for how long, and why. */
import { useSignal } from "@preact/signals";
import { Select, TextArea } from "../ui/field.tsx";
import { FormDialog } from "../ui/form-dialog.tsx";
import { toast } from "../ui/toast.tsx";
import { session } from "./session.ts";
import type { Sanction } from "./ui-state.ts";

const REASON_LENGTH_MAX = 500;
/** Of a report. */
const SHORT_REASON_LENGTH_MAX = 200;
const HOUR_MS = 3_600_000;
const DURATIONS = [
  { value: String(HOUR_MS), label: "An hour" },
  { value: String(24 * HOUR_MS), label: "A day" },
  { value: String(7 * 24 * HOUR_MS), label: "A week" },
  { value: String(30 * 24 * HOUR_MS), label: "30 days" },
  { value: "", label: "Until it is lifted" },
];

export interface SanctionDialogProps {
  readonly roomId: string;
  readonly about: Sanction;
  readonly onClose: () => void;
}

export function SanctionDialog({ roomId, about, onClose }: SanctionDialogProps) {
  const { what, userId, name, reportId } = about;
  const isBan = what === "ban";
  const duration = useSignal(isBan ? "" : String(HOUR_MS));
  const reason = useSignal("");
  const apply = async (): Promise<void> => {
    const { client } = session();
    const terms = {
      ...(duration.value !== "" && { durationMs: Number(duration.value) }),
      ...(reason.value.trim() !== "" && { reason: reason.value.trim() }),
    };
    if (reportId !== undefined) {
      await client.request({ type: "resolve_report", roomId, reportId, action: what, ...terms });
      session().desk(roomId).reload();
    } else await client.request({ type: isBan ? "ban_member" : "mute_member", roomId, userId, ...terms });
    toast(isBan ? `${name} is banned.` : `${name} is muted.`);
  };
  return (
    <FormDialog
      title={isBan ? `Ban ${name}?` : `Mute ${name}?`}
      action={isBan ? "Ban" : "Mute"}
      isDangerous={isBan}
      submit={apply}
      onClose={onClose}
    >
      <p class="about-text">
        {isBan
          ? "They leave the room, and can't come back as long as the ban holds."
          : "They go on reading, and can't write as long as it holds."}
      </p>
      <Select label="For how long" options={DURATIONS} of={duration} />
      <TextArea
        label="Why"
        name="reason"
        rows={2}
        hint="The room's moderators see it, in its lists and its log."
        maxLength={reportId === undefined ? REASON_LENGTH_MAX : SHORT_REASON_LENGTH_MAX}
        of={reason}
      />
    </FormDialog>
  );
}
