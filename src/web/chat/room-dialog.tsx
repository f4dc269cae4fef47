/** What a room is, and its settings for those who may change them. */
import { useSignal } from "@preact/signals";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Check, Field, Select, TextArea } from "../ui/field.tsx";
import { FormDialog, Refusing } from "../ui/form-dialog.tsx";
import { toast } from "../ui/toast.tsx";
import { attempt } from "./actions.ts";
import { DESCRIPTION_LENGTH_MAX, NAME_LENGTH_MAX } from "./create-dialogs.tsx";
import { fullTime, plural } from "./format.ts";
import { RoomNotifications } from "./notify-settings.tsx";
import { isAtLeast, mayChange } from "./roles.ts";
import { go } from "./router.ts";
import { session } from "./session.ts";
import { dialog } from "./ui-state.ts";

const LEVELS = [
  { value: "none", label: "None" },
  { value: "basic", label: "Basic" },
  { value: "strict", label: "Strict" },
] as const;
const SLOW = [0, 5, 10, 30, 60, 300].map((seconds) => ({
  value: String(seconds),
  label: seconds === 0 ? "Off" : seconds < 60 ? `${seconds} s` : `${seconds / 60} min`,
}));

interface Props {
  readonly roomId: string;
  readonly onClose: () => void;
}

export function RoomDialog({ roomId, onClose }: Props) {
  const room = session().room(roomId);
  if (room === undefined) return null;
  const title = session().titleOf(room);
  if (mayChange(roomId)) return <Settings roomId={roomId} onClose={onClose} />;
  return (
    <Dialog title={title} onClose={onClose}>
      {room.description && <p class="about-text">{room.description}</p>}
      <p class="faint">
        {plural(room.memberCount, "member")} · since {fullTime(room.createdAt)}
      </p>
      <RoomNotifications roomId={roomId} />
    </Dialog>
  );
}

function Settings({ roomId, onClose }: Props) {
  const room = session().room(roomId);
  const name = useSignal(room?.name ?? "");
  const description = useSignal(room?.description ?? "");
  const enableAI = useSignal(room?.enableAI ?? false);
  const files = useSignal(room?.allowFileUploads ?? true);
  const approval = useSignal(room?.requireApproval ?? false);
  const level = useSignal<string>(room?.moderationLevel ?? "none");
  const slow = useSignal(String(room?.slowModeSeconds ?? 0));
  const save = async (): Promise<void> => {
    if (name.value.trim() === "") throw new Refusing("A room needs a name.", "name");
    await session().client.request({
      type: "update_room",
      roomId,
      name: name.value.trim(),
      description: description.value.trim(),
      enableAI: enableAI.value,
      allowFileUploads: files.value,
      requireApproval: approval.value,
      moderationLevel: level.value as "none",
      slowModeSeconds: Number(slow.value),
    });
    toast("Saved");
  };
  const after = (
    <>
      <Invite roomId={roomId} />
      <RoomNotifications roomId={roomId} />
      <Danger roomId={roomId} onClose={onClose} />
    </>
  );
  return (
    <FormDialog title="Room settings" action="Save" submit={save} onClose={onClose} after={after}>
      <Field label="Name" name="name" maxLength={NAME_LENGTH_MAX} of={name} />
      <TextArea
        label="What it is about"
        name="description"
        rows={2}
        maxLength={DESCRIPTION_LENGTH_MAX}
        of={description}
      />
      <div class="two">
        <Select label="Moderation" options={LEVELS} of={level} />
        <Select label="Slow mode" options={SLOW} of={slow} />
      </div>
      <Check label="The assistant answers here" of={enableAI} />
      <Check label="Files may be attached" of={files} />
      <Check label="Who wants to join must ask" of={approval} />
    </FormDialog>
  );
}

function Invite({ roomId }: { readonly roomId: string }) {
  const code = useSignal<string | undefined>(undefined);
  const make = async (): Promise<void> => {
    const ack = await attempt(session().client.request({ type: "create_invite", roomId }));
    code.value = ack?.invite;
  };
  return (
    <section class="section" aria-label="Invite">
      <h3>Invite people</h3>
      {code.value === undefined ? (
        <Button small icon="add" onClick={() => void make()}>
          Make a code
        </Button>
      ) : (
        <p class="row">
          <code class="grow cut">{code.value}</code>
          <Button
            small
            icon="copy"
            onClick={() => void attempt(navigator.clipboard.writeText(code.value ?? ""), "Copied")}
          >
            Copy
          </Button>
        </p>
      )}
    </section>
  );
}

function Danger({ roomId, onClose }: Props) {
  const { client, account } = session();
  const isArchived = session().room(roomId)?.isArchived === true;
  const isOwner = account.isAdmin || isAtLeast(session().state(roomId).value.role, "owner");
  const archive = (): void => {
    onClose();
    void attempt(
      client.request({ type: "archive_room", roomId, archived: !isArchived }),
      isArchived ? "The room is open again." : "The room is archived.",
    );
  };
  const remove = (): void => {
    dialog.value = {
      kind: "confirm",
      title: "Delete this room?",
      text: "All of its messages and files are gone for everybody. This can't be undone.",
      action: "Delete the room",
      run: () => {
        go({}, true);
        void attempt(client.request({ type: "delete_room", roomId }));
      },
    };
  };
  return (
    <section class="section" aria-label="End">
      <h3>End</h3>
      <p class="row">
        <Button small icon="archive" onClick={archive}>
          {isArchived ? "Open again" : "Archive"}
        </Button>
        {isOwner && (
          <Button small kind="danger" icon="trash" onClick={remove}>
            Delete
          </Button>
        )}
      </p>
    </section>
  );
}
