/** Invites that one has been given: by name, or as a code. */
import { useSignal } from "@preact/signals";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { FormDialog, Refusing } from "../ui/form-dialog.tsx";
import { attempt, openRoom } from "./actions.ts";
import { plural } from "./format.ts";
import { session } from "./session.ts";
import { useLoaded } from "./use-loaded.ts";

interface InviteJson {
  readonly room: { readonly roomId: string; readonly name: string; readonly memberCount: number };
  readonly by: string;
}

export function InviteDialog({ onClose }: { readonly onClose: () => void }) {
  const { client, invites } = session();
  const code = useSignal("");
  const mine = useLoaded(() => client.rest<{ invites: readonly InviteJson[] }>("GET", "/v1/chat/invites"), []);
  const fewer = (): void => {
    invites.value = Math.max(0, invites.value - 1);
    mine.reload();
  };
  const enter = async (roomId: string): Promise<void> => {
    if ((await attempt(client.join(roomId))) === undefined) return;
    fewer();
    await attempt(client.loadRooms());
    onClose();
    openRoom(roomId);
  };
  const decline = async (roomId: string): Promise<void> => {
    if ((await attempt(client.request({ type: "decline_invite", roomId }), "Declined")) !== undefined) fewer();
  };
  const join = async (): Promise<void> => {
    if (code.value.trim() === "") throw new Refusing("Paste the code that you were given.", "invite");
    const path = `/v1/chat/invites/${encodeURIComponent(code.value.trim())}`;
    const { roomId } = await client.rest<{ readonly roomId: string }>("POST", path, {});
    await client.loadRooms();
    openRoom(roomId);
  };
  const given = mine.value.value?.invites ?? [];
  return (
    <FormDialog title="Invitations" action="Join" submit={join} onClose={onClose}>
      {given.map(({ room, by }) => (
        <div class="row line-below" key={room.roomId}>
          <span class="grow">
            <strong class="cut">{room.name}</strong>
            <span class="faint small cut">
              by {session().nameOf(by)} · {plural(room.memberCount, "member")}
            </span>
          </span>
          <Button small kind="primary" onClick={() => void enter(room.roomId)}>
            Join
          </Button>
          <Button small kind="quiet" onClick={() => void decline(room.roomId)}>
            Decline
          </Button>
        </div>
      ))}
      <Field label="Code of an invite" name="invite" autofocus autoComplete="off" of={code} />
    </FormDialog>
  );
}
