/** New rooms, and new conversations of two. */
import { useSignal } from "@preact/signals";
import { Check, Field, Select, TextArea } from "../ui/field.tsx";
import { FormDialog, Refusing } from "../ui/form-dialog.tsx";
import { openDirect, openRoom } from "./actions.ts";
import { session } from "./session.ts";

interface CloseProps {
  readonly onClose: () => void;
}

export const NAME_LENGTH_MAX = 120;
export const DESCRIPTION_LENGTH_MAX = 2_000;
const TYPES = [
  { value: "public", label: "Public: anybody may find and join it" },
  { value: "private", label: "Private: by invitation" },
  { value: "group", label: "Group: everybody in it may bring others" },
  { value: "announcement", label: "Announcements: few write, all read" },
] as const;

export function CreateDialog({ onClose }: CloseProps) {
  const name = useSignal("");
  const description = useSignal("");
  const type = useSignal<string>("public");
  const enableAI = useSignal(false);
  const create = async (): Promise<void> => {
    if (name.value.trim() === "") throw new Refusing("A room needs a name.", "name");
    const { roomId } = await session().client.request({
      type: "create_room",
      name: name.value.trim(),
      roomType: type.value as (typeof TYPES)[number]["value"],
      ...(description.value.trim() !== "" && { description: description.value.trim() }),
      ...(enableAI.value && { enableAI: true }),
    });
    await session().client.loadRooms();
    if (roomId !== undefined) openRoom(roomId);
  };
  return (
    <FormDialog title="New room" action="Create room" submit={create} onClose={onClose}>
      <Field label="Name" name="name" maxLength={NAME_LENGTH_MAX} of={name} autofocus autoComplete="off" />
      <TextArea
        label="What it is about"
        name="description"
        rows={2}
        maxLength={DESCRIPTION_LENGTH_MAX}
        of={description}
      />
      <Select label="Who may come in" options={TYPES} of={type} />
      <Check label="With the assistant" hint="It answers messages that begin with @assistant." of={enableAI} />
    </FormDialog>
  );
}

export function DirectDialog({ onClose }: CloseProps) {
  const userId = useSignal("");
  const open = async (): Promise<void> => {
    const wanted = userId.value.trim().replace(/^@/, "");
    if (wanted === "") throw new Refusing("Say to whom.", "participants");
    await openDirect(wanted);
  };
  return (
    <FormDialog title="New direct message" action="Open" submit={open} onClose={onClose}>
      <Field
        label="To whom"
        name="participants"
        placeholder="Their user id"
        hint="It stands behind the @ when they are mentioned."
        autofocus
        autoComplete="off"
        of={userId}
      />
    </FormDialog>
  );
}
