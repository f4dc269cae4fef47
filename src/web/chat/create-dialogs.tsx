/** New rooms, new conversations of two, and invites that one has been given. */
import { useSignal } from "@preact/signals";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Check, Field, Select, TextArea } from "../ui/field.tsx";
import { attempt, openDirect, openRoom } from "./actions.ts";
import { session } from "./session.ts";
import { useLoaded } from "./use-loaded.ts";

interface CloseProps {
  readonly onClose: () => void;
}

const TYPES = [
  { value: "public", label: "Public: anybody may find and join it" },
  { value: "private", label: "Private: by invitation" },
  { value: "group", label: "Group: everybody in it may bring others" },
  { value: "announcement", label: "Announcements: few write, all read" },
] as const;

export function CreateDialog({ onClose }: CloseProps) {
  const name = useSignal("");
  const description = useSignal("");
  const type = useSignal<(typeof TYPES)[number]["value"]>("public");
  const enableAI = useSignal(false);
  const error = useSignal<string | undefined>(undefined);
  const create = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (name.value.trim() === "") {
      error.value = "A room needs a name.";
      return;
    }
    try {
      const { roomId } = await session().client.request({
        type: "create_room",
        name: name.value.trim(),
        roomType: type.value,
        ...(description.value.trim() !== "" && { description: description.value.trim() }),
        ...(enableAI.value && { enableAI: true }),
      });
      await session().client.loadRooms();
      onClose();
      if (roomId !== undefined) openRoom(roomId);
    } catch (failure) {
      error.value = (failure as Error).message;
    }
  };
  return (
    <Dialog
      title="New room"
      onClose={onClose}
      foot={<Foot form="create-room" action="Create room" onClose={onClose} />}
    >
      <form id="create-room" onSubmit={create}>
        <Field
          label="Name"
          maxLength={100}
          value={name.value}
          error={error.value}
          autofocus
          onInput={(event) => {
            name.value = event.currentTarget.value;
            error.value = undefined;
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
        <Select
          label="Who may come in"
          value={type.value}
          options={TYPES}
          onChange={(value) => {
            type.value = value as typeof type.value;
          }}
        />
        <Check
          label="With the assistant"
          hint="It answers messages that begin with @assistant."
          checked={enableAI.value}
          onChange={(checked) => {
            enableAI.value = checked;
          }}
        />
      </form>
    </Dialog>
  );
}

interface FootProps extends CloseProps {
  readonly form: string;
  readonly action: string;
}

export function Foot({ form, action, onClose }: FootProps) {
  return (
    <>
      <Button onClick={onClose}>Cancel</Button>
      <Button kind="primary" type="submit" form={form}>
        {action}
      </Button>
    </>
  );
}

export function DirectDialog({ onClose }: CloseProps) {
  const userId = useSignal("");
  const open = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (userId.value.trim() === "") return;
    onClose();
    await openDirect(userId.value.trim());
  };
  return (
    <Dialog title="New direct message" onClose={onClose} foot={<Foot form="direct" action="Open" onClose={onClose} />}>
      <form id="direct" onSubmit={open}>
        <Field
          label="To whom"
          placeholder="Their user id"
          hint="It stands behind the @ when they are mentioned."
          autofocus
          value={userId.value}
          onInput={(event) => {
            userId.value = event.currentTarget.value;
          }}
        />
      </form>
    </Dialog>
  );
}

interface InviteJson {
  readonly roomId: string;
  readonly room?: { readonly name: string };
  readonly invitedBy?: string;
  readonly by?: string;
}

export function InviteDialog({ onClose }: CloseProps) {
  const { client, invites } = session();
  const code = useSignal("");
  const mine = useLoaded(() => client.rest<{ invites: readonly InviteJson[] }>("GET", "/v1/chat/invites"), []);
  const enter = async (roomId: string): Promise<void> => {
    if ((await attempt(client.join(roomId))) === undefined) return;
    invites.value = Math.max(0, invites.value - 1);
    await attempt(client.loadRooms());
    onClose();
    openRoom(roomId);
  };
  const decline = async (roomId: string): Promise<void> => {
    await attempt(client.request({ type: "decline_invite", roomId }), "Declined");
    mine.reload();
  };
  const join = async (event: Event): Promise<void> => {
    event.preventDefault();
    const path = `/v1/chat/invites/${encodeURIComponent(code.value.trim())}`;
    const joined = await attempt(client.rest<{ readonly roomId: string }>("POST", path, {}));
    if (joined === undefined) return;
    await attempt(client.loadRooms());
    onClose();
    openRoom(joined.roomId);
  };
  return (
    <Dialog title="Invitations" onClose={onClose} foot={<Foot form="invite" action="Join" onClose={onClose} />}>
      {mine.value.value?.invites.map((invite) => (
        <div class="row line-below" key={invite.roomId}>
          <strong class="grow cut">{invite.room?.name ?? invite.roomId}</strong>
          <Button small kind="primary" onClick={() => void enter(invite.roomId)}>
            Join
          </Button>
          <Button small kind="quiet" onClick={() => void decline(invite.roomId)}>
            Decline
          </Button>
        </div>
      ))}
      <form id="invite" onSubmit={join}>
        <Field
          label="Code of an invite"
          autofocus
          value={code.value}
          onInput={(event) => {
            code.value = event.currentTarget.value;
          }}
        />
      </form>
    </Dialog>
  );
}
