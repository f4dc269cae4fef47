/** What waits for the room's moderators: messages that are held, and reports. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Button } from "../ui/button.tsx";
import { Empty } from "../ui/empty.tsx";
import { attempt, roomPath, showMessage } from "./actions.ts";
import { brief } from "./format.ts";
import { PanelFrame } from "./panel-frame.tsx";
import { session } from "./session.ts";
import { useLoaded } from "./use-loaded.ts";

interface HeldJson {
  readonly heldId: string;
  readonly authorId: string;
  readonly content: string;
  readonly heldAt?: string;
  readonly reason?: string;
}
interface ReportJson {
  readonly reportId: string;
  readonly messageId?: string;
  readonly userId: string;
  readonly userAs?: string;
  readonly excerpt?: string;
  readonly openedAt: string;
  readonly count: number;
  readonly reporters: readonly { readonly by?: string; readonly reason: string; readonly details?: string }[];
}

export function QueuePanel({ roomId }: { readonly roomId: string }) {
  const { client, queue } = session();
  const isReports = useSignal(true);
  const news = queue.value[roomId] ?? 0;
  const held = useLoaded(
    () => client.rest<{ held: readonly HeldJson[] }>("GET", roomPath(roomId, "/held")),
    [roomId, news],
  );
  const reports = useLoaded(
    () => client.rest<{ reports: readonly ReportJson[] }>("GET", roomPath(roomId, "/reports")),
    [roomId, news],
  );
  useEffect(() => {
    const { [roomId]: _seen, ...others } = queue.peek();
    return () => {
      queue.value = others;
    };
  }, [roomId]);
  const waiting = held.value.value?.held ?? [];
  const open = reports.value.value?.reports ?? [];
  const tab = (label: string, isChosen: boolean, value: boolean) => (
    <button
      type="button"
      class="tab"
      aria-pressed={isChosen}
      onClick={() => {
        isReports.value = value;
      }}
    >
      {label}
    </button>
  );
  return (
    <PanelFrame title="To moderate">
      <div class="search-head">
        <fieldset class="tabs" aria-label="Which queue">
          {tab(`Reports (${open.length})`, isReports.value, true)}
          {tab(`Held (${waiting.length})`, !isReports.value, false)}
        </fieldset>
      </div>
      <div class="panel-body">
        {(isReports.value ? open : waiting).length === 0 && (
          <Empty icon="shield" title="All clear">
            <p>{isReports.value ? "Nothing is reported." : "No message waits for a decision."}</p>
          </Empty>
        )}
        {isReports.value
          ? open.map((report) => <Report key={report.reportId} roomId={roomId} report={report} done={reports.reload} />)
          : waiting.map((one) => <Held key={one.heldId} roomId={roomId} held={one} done={held.reload} />)}
      </div>
    </PanelFrame>
  );
}

function Held({ roomId, held, done }: { readonly roomId: string; readonly held: HeldJson; readonly done: () => void }) {
  const resolve = async (approve: boolean): Promise<void> => {
    const { heldId } = held;
    await attempt(
      session().client.request({ type: "resolve_held", roomId, heldId, approve }),
      approve ? "Published" : "Refused",
    );
    done();
  };
  return (
    <article class="case">
      <p class="case-head">
        <strong>{session().nameOf(held.authorId)}</strong>
        <span class="faint">{held.heldAt && brief(Date.parse(held.heldAt))}</span>
      </p>
      <p class="case-text">{held.content}</p>
      {held.reason && <p class="faint small">{held.reason}</p>}
      <p class="row">
        <Button small kind="primary" onClick={() => void resolve(true)}>
          Publish
        </Button>
        <Button small onClick={() => void resolve(false)}>
          Refuse
        </Button>
      </p>
    </article>
  );
}

type Action = "dismiss" | "delete" | "mute" | "ban";
const ACTIONS: readonly { readonly action: Action; readonly label: string; readonly needsMessage?: true }[] = [
  { action: "dismiss", label: "Dismiss" },
  { action: "delete", label: "Delete message", needsMessage: true },
  { action: "mute", label: "Mute author" },
  { action: "ban", label: "Ban author" },
];

interface ReportProps {
  readonly roomId: string;
  readonly report: ReportJson;
  readonly done: () => void;
}

function Report({ roomId, report, done }: ReportProps) {
  const { reportId, messageId, userId, userAs, excerpt, openedAt, count, reporters } = report;
  const resolve = async (action: Action): Promise<void> => {
    await attempt(session().client.request({ type: "resolve_report", roomId, reportId, action }), "Done");
    done();
  };
  return (
    <article class="case">
      <p class="case-head">
        <strong>{session().nameOf(userAs ?? userId)}</strong>
        {count > 1 && <span class="tag">{count} reports</span>}
        <span class="faint">{brief(Date.parse(openedAt))}</span>
      </p>
      {excerpt && <blockquote class="case-text">{excerpt}</blockquote>}
      {reporters.map(({ by, reason, details }) => (
        <p key={by ?? reason} class="small">
          <span class="faint">{by === undefined ? "A rule" : session().nameOf(by)}:</span> {reason}
          {details ? ` · ${details}` : ""}
        </p>
      ))}
      {messageId && (
        <Button small kind="quiet" onClick={() => void showMessage(roomId, messageId)}>
          Show the message
        </Button>
      )}
      <p class="row wrap">
        {ACTIONS.filter(({ needsMessage }) => !needsMessage || messageId !== undefined).map(({ action, label }) => (
          <Button
            key={action}
            small
            kind={action === "delete" ? "danger" : "plain"}
            onClick={() => void resolve(action)}
          >
            {label}
          </Button>
        ))}
      </p>
    </article>
  );
}
