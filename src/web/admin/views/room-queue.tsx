/** What waits in one room, the oldest first, with what a moderator can do about it. */
import { type Question, useAct, useAdmin } from "../context.ts";
import { ago, plural } from "../format.ts";
import { usePolled } from "../live.ts";
import { Button } from "../../ui/button.tsx";
import { Pill, Card, Nothing, Load } from "../parts/basics.tsx";
import { hrefOf } from "../route.ts";

interface Report {
  readonly reportId: string;
  readonly messageId?: string;
  readonly userId: string;
  readonly excerpt?: string;
  readonly openedAt: string;
  readonly count: number;
  readonly reporters: readonly {
    readonly by?: string;
    readonly at: string;
    readonly reason: string;
    readonly details?: string;
  }[];
}
interface Held {
  readonly heldId: string;
  readonly heldAt: string;
  readonly author: string;
  readonly authorName?: string;
  readonly content: string;
  readonly finding?: { readonly rule: string };
}

const EVERY_MS = 5_000;
const HOUR_MS = 3_600_000;
const FOR_HOW_LONG: readonly (readonly [string, string])[] = [
  [String(HOUR_MS), "for an hour"],
  [String(24 * HOUR_MS), "for a day"],
  [String(7 * 24 * HOUR_MS), "for a week"],
  ["", "for good"],
];

interface RoomQueueProps {
  readonly roomId: string;
  readonly name: string;
  readonly changed: () => void;
}

export function RoomQueue({ roomId, name, changed }: RoomQueueProps) {
  const { api } = useAdmin();
  const path = `/rooms/${encodeURIComponent(roomId)}`;
  const reports = usePolled(`${path}/reports`, EVERY_MS, () =>
    api.get<{ reports: readonly Report[] }>(`${path}/reports`, { limit: 50 }),
  );
  const held = usePolled(`${path}/held`, EVERY_MS, () =>
    api.get<{ held: readonly Held[] }>(`${path}/held`, { limit: 50 }),
  );
  const reload = (): void => {
    reports.reload();
    held.reload();
    changed();
  };
  return (
    <Card title={<a href={hrefOf(["rooms", roomId])}>{name}</a>}>
      <Load loaded={reports}>
        {({ reports: open }) =>
          open.map((one) => <ReportItem key={one.reportId} path={path} report={one} done={reload} />)
        }
      </Load>
      <Load loaded={held}>
        {({ held: waiting }) =>
          waiting.map((one) => <HeldItem key={one.heldId} path={path} held={one} done={reload} />)
        }
      </Load>
      {reports.data?.reports.length === 0 && held.data?.held.length === 0 && (
        <Nothing>Nothing waits here any more.</Nothing>
      )}
    </Card>
  );
}

interface ReportItemProps {
  readonly path: string;
  readonly report: Report;
  readonly done: () => void;
}

function ReportItem({ path, report, done }: ReportItemProps) {
  const { api } = useAdmin();
  const act = useAct();
  const { reportId, messageId, userId, excerpt, openedAt, count, reporters } = report;
  const resolve = (action: string, question: Question, said: string): void =>
    act(
      question,
      ({ reason, choice }) =>
        api.send("POST", `${path}/reports/${encodeURIComponent(reportId)}/resolve`, {
          action,
          ...(reason !== undefined && { reason }),
          ...(choice !== undefined && choice !== "" && { durationMs: Number(choice) }),
        }),
      said,
      done,
    );
  return (
    <article class="case">
      <header>
        <Pill tone="bad">{plural(count, "report")}</Pill>
        <span>
          about{" "}
          <a href={hrefOf(["people", userId])}>
            <b>{userId}</b>
          </a>
        </span>
        <small>{ago(openedAt)}</small>
      </header>
      {excerpt !== undefined && <blockquote>{excerpt}</blockquote>}
      <ul class="reporters">
        {reporters.map(({ by, at, reason, details }) => (
          <li key={`${by} ${at}`}>
            <b>{by ?? "a rule"}</b>: {reason}
            {details !== undefined && ` · ${details}`}
          </li>
        ))}
      </ul>
      <footer class="acts acts-case">
        <Button onClick={() => resolve("dismiss", DISMISS, "The report was dismissed.")}>Dismiss…</Button>
        {messageId !== undefined && (
          <Button kind="danger" onClick={() => resolve("delete", DELETE, "The message was deleted.")}>
            Delete message…
          </Button>
        )}
        <Button onClick={() => resolve("mute", MUTE(userId), `${userId} is muted.`)}>Mute…</Button>
        <Button kind="danger" onClick={() => resolve("ban", BAN(userId), `${userId} is banned.`)}>
          Ban…
        </Button>
      </footer>
    </article>
  );
}

interface HeldItemProps {
  readonly path: string;
  readonly held: Held;
  readonly done: () => void;
}

function HeldItem({ path, held, done }: HeldItemProps) {
  const { api } = useAdmin();
  const act = useAct();
  const { heldId, heldAt, author, authorName, content, finding } = held;
  const place = `${path}/held/${encodeURIComponent(heldId)}`;
  const because = (reason: string | undefined): object => (reason === undefined ? {} : { reason });
  const approve = (): void =>
    act(
      APPROVE,
      ({ reason }) => api.send("POST", `${place}/approve`, because(reason)),
      "The message was published.",
      done,
    );
  const reject = (): void =>
    act(
      REJECT,
      ({ reason }) => api.send("POST", `${place}/reject`, because(reason)),
      "The message was rejected.",
      done,
    );
  return (
    <article class="case">
      <header>
        <Pill tone="warn">held</Pill>
        <span>
          by the rule <b>{finding?.rule ?? "of the room"}</b>, written by{" "}
          <a href={hrefOf(["people", author])}>
            <b>{authorName ?? author}</b>
          </a>
        </span>
        <small>{ago(heldAt)}</small>
      </header>
      <blockquote>{content}</blockquote>
      <footer class="acts acts-case">
        <Button kind="primary" onClick={approve}>
          Publish…
        </Button>
        <Button kind="danger" onClick={reject}>
          Reject…
        </Button>
      </footer>
    </article>
  );
}

const DISMISS: Question = {
  title: "Dismiss the report?",
  effect: "Nothing is done about the message or its author. The report stands in the audit log.",
  verb: "Dismiss",
  reason: "optional",
};
const DELETE: Question = {
  title: "Delete the message?",
  effect: "Nobody reads it any more. It cannot be brought back; what it said stays with the audit log of the room.",
  verb: "Delete message",
  isDangerous: true,
  reason: "optional",
};
const MUTE = (userId: string): Question => ({
  title: `Mute ${userId} in this room?`,
  effect: "They read on and cannot write until it ends.",
  verb: "Mute",
  reason: "optional",
  choices: { name: "How long", options: FOR_HOW_LONG },
});
const BAN = (userId: string): Question => ({
  title: `Ban ${userId} from this room?`,
  effect: "They leave the room at once and cannot come back until it ends.",
  verb: "Ban",
  isDangerous: true,
  reason: "optional",
  choices: { name: "How long", options: FOR_HOW_LONG },
});
const APPROVE: Question = {
  title: "Publish the message?",
  effect: "Everybody in the room sees it, as if it were written now.",
  verb: "Publish",
  reason: "optional",
};
const REJECT: Question = {
  title: "Reject the message?",
  effect: "Nobody will ever see it. Its author is told.",
  verb: "Reject",
  isDangerous: true,
  reason: "optional",
};
