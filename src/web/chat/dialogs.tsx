/** Which dialog stands over the page. */
import { Dialog } from "../ui/dialog.tsx";
import { FormDialog } from "../ui/form-dialog.tsx";
import { Icon } from "../ui/icon.tsx";
import { CreateDialog, DirectDialog } from "./create-dialogs.tsx";
import { DateDialog } from "./date-dialog.tsx";
import { DiscoverDialog } from "./discover-dialog.tsx";
import { HelpDialog } from "./help-dialog.tsx";
import { InviteDialog } from "./invite-dialog.tsx";
import { PollDialog } from "./poll-dialog.tsx";
import { ProfileDialog } from "./profile-dialog.tsx";
import { ReportDialog } from "./report-dialog.tsx";
import { RoomDialog } from "./room-dialog.tsx";
import { route } from "./router.ts";
import { SanctionDialog } from "./sanction-dialog.tsx";
import { dialog } from "./ui-state.ts";

export function closeDialog(): void {
  dialog.value = undefined;
}

export function Dialogs() {
  const open = dialog.value;
  const roomId = route.value.roomId ?? "";
  switch (open?.kind) {
    case "create":
      return <CreateDialog onClose={closeDialog} />;
    case "direct":
      return <DirectDialog onClose={closeDialog} />;
    case "invite":
      return <InviteDialog onClose={closeDialog} />;
    case "discover":
      return <DiscoverDialog onClose={closeDialog} />;
    case "profile":
      return <ProfileDialog onClose={closeDialog} />;
    case "help":
      return <HelpDialog onClose={closeDialog} />;
    case "poll":
      return <PollDialog roomId={roomId} onClose={closeDialog} />;
    case "room":
      return <RoomDialog roomId={roomId} onClose={closeDialog} />;
    case "date":
      return <DateDialog roomId={roomId} onClose={closeDialog} />;
    case "report":
      return <ReportDialog roomId={roomId} about={open} onClose={closeDialog} />;
    case "sanction":
      return <SanctionDialog roomId={roomId} about={open} onClose={closeDialog} />;
    case "picture":
      return (
        <Dialog
          title={open.name}
          wide
          onClose={closeDialog}
          foot={
            <a class="button" href={open.url} download={open.name}>
              <Icon name="download" size={16} />
              Download
            </a>
          }
        >
          <img class="picture-large" src={open.url} alt={open.name} />
        </Dialog>
      );
    case "confirm":
      return (
        <FormDialog
          title={open.title}
          action={open.action}
          isDangerous
          isQuestion
          submit={open.run}
          onClose={closeDialog}
        >
          <p>{open.text}</p>
        </FormDialog>
      );
    default:
      return null;
  }
}
