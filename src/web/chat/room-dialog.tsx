/** What a room is, and its settings for those who may change them. */
import { useSignal } from "@preact/signals";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Check, Field, Select, TextArea } from "../ui/field.tsx";
import { attempt } from "./actions.ts";
import { Foot } from "./create-dialogs.tsx";
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
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    const done = await attempt(
      session().client.request({
        type: "update_room",
        roomId,
        name: name.value.trim(),
        description: description.value.trim(),
        enableAI: enableAI.value,
        allowFileUploads: files.value,
        requireApproval: approval.value,
        moderationLevel: level.value as "none",
        slowModeSeconds: Number(slow.value),
      }),
      "Saved",
    );
    if (done !== undefined) onClose();
  };
  return (
    <Dialog title="Room settings" onClose={onClose} foot={<Foot form="room" action="Save" onClose={onClose} />}>
      <form id="room" onSubmit={save}>
        <Field
          label="Name"
          maxLength={100}
          value={name.value}
          onInput={(event) => {
            name.value = event.currentTarget.value;
          }}
        />
        <TextArea
          label="What it is about"
          rows={2}
          maxLength={1000}
          value={description.value}
          onInput={(event) => {
            description.value = event.currentTarget.value;
          }}
        />
        <div class="two">
          <Select
            label="Moderation"
            value={level.value}
            options={LEVELS}
            onChange={(value) => {
              level.value = value;
            }}
          />
          <Select
            label="Slow mode"
            value={slow.value}
            options={SLOW}
            onChange={(value) => {
              slow.value = value;
            }}
          />
        </div>
        <Check
          label="The assistant answers here"
          checked={enableAI.value}
          onChange={(on) => {
            enableAI.value = on;
          }}
        />
        <Check
          label="Files may be attached"
          checked={files.value}
          onChange={(on) => {
            files.value = on;
          }}
        />
        <Check
          label="Who wants to join must ask"
          checked={approval.value}
          onChange={(on) => {
            approval.value = on;
          }}
        />
      </form>
      <Invite roomId={roomId} />
      <RoomNotifications roomId={roomId} />
      <Danger roomId={roomId} onClose={onClose} />
    </Dialog>
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
