/** What waits for the room's moderators: reports, messages that are held, people who ask to be let in. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Avatar } from "../ui/avatar.tsx";
import { Button } from "../ui/button.tsx";
import { Empty } from "../ui/empty.tsx";
import { Tabs } from "../ui/tabs.tsx";
import { attempt, showMessage } from "./actions.ts";
import type { HeldJson, ReportJson, RequestJson, Waiting } from "./desk.ts";
import { brief } from "./format.ts";
import { PanelFrame } from "./panel-frame.tsx";
import { session } from "./session.ts";
import { dialog } from "./ui-state.ts";

type Kind = keyof Waiting;
const LABELS: Readonly<Record<Kind, string>> = { reports: "Reports", held: "Held", requests: "Requests" };
const NOTHING: Readonly<Record<Kind, string>> = {
  reports: "Nothing is reported.",
  held: "No message waits for a decision.",
  requests: "Nobody asks to be let in.",
};
const KINDS = ["reports", "held", "requests"] as const;

export function QueuePanel({ roomId }: { readonly roomId: string }) {
  const desk = session().desk(roomId);
  const chosen = useSignal<Kind | undefined>(undefined);
  const waiting = desk.waiting.value;
  // The first in which there is something, until one chooses.
  const shown = chosen.value ?? KINDS.find((kind) => (waiting?.[kind].length ?? 0) > 0) ?? "reports";
  const tabs = KINDS.map((kind) => [kind, `${LABELS[kind]} (${waiting?.[kind].length ?? 0})`] as const);
  return (
    <PanelFrame title="To moderate">
      <div class="search-head">
        <Tabs
          label="Which queue"
          value={shown}
          tabs={tabs}
          onChange={(kind) => {
            chosen.value = kind;
          }}
        />
      </div>
      <div class="panel-body">
        {desk.error.value && <p class="panel-note is-bad">{desk.error.value}</p>}
        {waiting?.[shown].length === 0 && (
          <Empty icon="shield" title="All clear">
            <p>{NOTHING[shown]}</p>
          </Empty>
        )}
        {shown === "reports" &&
          waiting?.reports.map((one) => <Report key={one.reportId} roomId={roomId} report={one} done={desk.reload} />)}
        {shown === "held" &&
          waiting?.held.map((one) => <Held key={one.heldId} roomId={roomId} held={one} done={desk.reload} />)}
        {shown === "requests" &&
          waiting?.requests.map((one) => <Request key={one.userId} roomId={roomId} asks={one} done={desk.reload} />)}
      </div>
    </PanelFrame>
  );
}

interface CaseProps {
  readonly roomId: string;
  readonly done: () => void;
}

interface HeadProps {
  readonly who: string;
  readonly at: string;
  readonly children?: ComponentChildren;
}

function Head({ who, at, children }: HeadProps) {
  return (
    <p class="case-head">
      <strong class="cut">{who}</strong>
      {children}
      <span class="faint">{brief(Date.parse(at))}</span>
    </p>
  );
}

function Held({ roomId, held, done }: CaseProps & { readonly held: HeldJson }) {
  const { heldId, author, authorName, content, heldAt, finding } = held;
  const resolve = async (approve: boolean): Promise<void> => {
    const asked = session().client.request({ type: "resolve_held", roomId, heldId, approve });
    await attempt(asked, approve ? "Published" : "Refused");
    done();
  };
  return (
    <article class="case">
      <Head who={authorName ?? session().nameOf(author)} at={heldAt} />
      <p class="case-text" dir="auto">
        {content}
      </p>
      {finding && (
        <p class="faint small case-text">
          Held by “{finding.rule}”: {finding.reason}
        </p>
      )}
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

function Request({ roomId, asks, done }: CaseProps & { readonly asks: RequestJson }) {
  const { userId, displayName, avatar, at, message } = asks;
  const name = displayName ?? userId;
  const decide = async (approve: boolean): Promise<void> => {
    const asked = session().client.request({ type: "answer_request", roomId, userId, approve });
    await attempt(asked, approve ? `${name} is in the room now.` : `${name} was turned down.`);
    done();
  };
  return (
    <article class="case">
      <div class="row">
        <Avatar id={userId} name={name} src={avatar ?? undefined} size={30} />
        <div class="grow">
          <Head who={name} at={at} />
          <p class="faint small cut">@{userId}</p>
        </div>
      </div>
      {message && (
        <p class="case-text" dir="auto">
          {message}
        </p>
      )}
      <p class="row">
        <Button small kind="primary" onClick={() => void decide(true)}>
          Let in
        </Button>
        <Button small onClick={() => void decide(false)}>
          Turn down
        </Button>
      </p>
    </article>
  );
}

function Report({ roomId, report, done }: CaseProps & { readonly report: ReportJson }) {
  const { reportId, messageId, userId, userAs, excerpt, openedAt, count, reporters } = report;
  const name = session().nameOf(userAs ?? userId);
  const resolve = async (action: "dismiss" | "delete"): Promise<void> => {
    const asked = session().client.request({ type: "resolve_report", roomId, reportId, action });
    await attempt(asked, action === "delete" ? "The message was deleted." : "Dismissed");
    done();
  };
  const sanction = (what: "mute" | "ban"): void => {
    dialog.value = { kind: "sanction", what, name, userId, reportId };
  };
  return (
    <article class="case">
      <Head who={name} at={openedAt}>
        {count > 1 && <span class="tag">{count} reports</span>}
      </Head>
      {excerpt && (
        <blockquote class="case-text" dir="auto">
          {excerpt}
        </blockquote>
      )}
      {reporters.map(({ by, reason, details }) => (
        <p key={by ?? reason} class="small case-text">
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
        <Button small onClick={() => void resolve("dismiss")}>
          Dismiss
        </Button>
        {messageId !== undefined && (
          <Button small kind="danger" onClick={() => void resolve("delete")}>
            Delete message
          </Button>
        )}
        <Button small onClick={() => sanction("mute")}>
          Mute …
        </Button>
        <Button small onClick={() => sanction("ban")}>
          Ban …
        </Button>
      </p>
    </article>
  );
}
