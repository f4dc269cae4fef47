/** How one is called and shown, one's status, and how this page looks. */
import { useSignal } from "@preact/signals";
import { Avatar } from "../ui/avatar.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Field, Select } from "../ui/field.tsx";
import { FormDialog } from "../ui/form-dialog.tsx";
import { setTheme, type Theme, theme } from "../ui/theme.ts";
import { toast } from "../ui/toast.tsx";
import { NAME_LENGTH_MAX } from "./create-dialogs.tsx";
import { BrowserNotifications } from "./browser-notifications.tsx";
import { OwnNotifications } from "./notify-settings.tsx";
import { session } from "./session.ts";
import { useLoaded } from "./use-loaded.ts";

interface MeJson {
  readonly displayName: string | null;
  readonly avatar: string | null;
  readonly status: string;
  readonly customStatus: string | null;
}

const STATUSES = [
  { value: "online", label: "Online" },
  { value: "away", label: "Away" },
  { value: "busy", label: "Busy" },
  { value: "offline", label: "Shown as offline" },
];
const THEMES: readonly { readonly value: Theme; readonly label: string }[] = [
  { value: "system", label: "As the system" },
  { value: "light", label: "Light" },
  { value: "dark", label: "Dark" },
];
const ME = "/v1/chat/users/me";
const STATUS_LENGTH_MAX = 140;

interface CloseProps {
  readonly onClose: () => void;
}

export function ProfileDialog({ onClose }: CloseProps) {
  const me = useLoaded(() => session().client.rest<MeJson>("GET", ME), []);
  // What is typed must not be written over by what arrives.
  if (me.value.value !== undefined) return <Profile me={me.value.value} onClose={onClose} />;
  return (
    <Dialog title="Profile and settings" onClose={onClose}>
      {me.error.value ? <p class="field-error">{me.error.value}</p> : <span class="spinner" />}
    </Dialog>
  );
}

function Profile({ me, onClose }: CloseProps & { readonly me: MeJson }) {
  const { account, client } = session();
  const name = useSignal(me.displayName ?? account.name);
  const avatar = useSignal(me.avatar ?? "");
  const status = useSignal(me.status);
  const said = useSignal(me.customStatus ?? "");
  const save = async (): Promise<void> => {
    await client.rest("PATCH", ME, {
      displayName: name.value.trim() || null,
      avatar: avatar.value.trim() || null,
      status: status.value,
      customStatus: said.value.trim(),
    });
    toast("Saved");
    void session().readMe();
  };
  const here = (
    <section class="section" aria-labelledby="here">
      <h3 id="here">At once, without saving</h3>
      <Select label="Colours" value={theme.value} options={THEMES} onChange={(value) => setTheme(value as Theme)} />
      <OwnNotifications />
      <BrowserNotifications />
    </section>
  );
  return (
    <FormDialog title="Profile and settings" action="Save" submit={save} onClose={onClose} after={here}>
      <p class="row profile-head">
        <Avatar id={account.userId} name={name.value || account.name} src={avatar.value || undefined} size={52} />
        <span class="grow">
          <strong class="cut">{name.value || account.name}</strong>
          <span class="faint small cut">
            @{account.userId}
            {account.isAdmin && " · administrator"}
          </span>
        </span>
      </p>
      <Field label="Name" name="displayName" maxLength={NAME_LENGTH_MAX} of={name} />
      <Field label="Address of a picture" name="avatar" type="url" placeholder="https://" of={avatar} />
      <div class="two">
        <Select label="Status" options={STATUSES} of={status} />
        <Field label="What you are up to" name="customStatus" maxLength={STATUS_LENGTH_MAX} of={said} />
      </div>
    </FormDialog>
  );
}
