/** "Why did this member not get this message?", answered step by step. */
import { useState } from "preact/hooks";
import { useAct, useAdmin } from "../context.ts";
import { ago, bytes, moment } from "../format.ts";
import { type Loaded, useLoaded } from "../live.ts";
import { Button } from "../../ui/button.tsx";
import { Card, Load, Pill, Text, type Tone } from "../parts/basics.tsx";
import { goTo } from "../use-route.ts";

type State = "yes" | "no" | "unknown";
interface Socket {
  readonly node: string;
  readonly connectionId: string;
  readonly since: string | null;
  readonly wasWritten: boolean;
  readonly endedAt: string | null;
  readonly closeCode?: number | null;
  readonly backlog?: number | null;
}
interface Step {
  readonly step: string;
  readonly state: State;
  readonly at?: string;
  readonly by?: string;
  readonly joinedSeq?: number | null;
  readonly leftSeq?: number | null;
  readonly isBanned?: boolean;
  readonly from?: string;
  readonly to?: readonly { readonly at: string; readonly nodes: readonly string[] }[];
  readonly sockets?: readonly Socket[];
  readonly replays?: readonly { readonly at: string; readonly node: string }[];
  readonly seq?: number;
  readonly reason?: string | null;
  readonly isBlocking?: boolean;
}
interface Trace {
  readonly messageId: string;
  readonly seq: number;
  readonly isDeleted: boolean;
  readonly verdict: string;
  readonly why: string;
  readonly silentNodes: readonly string[];
  readonly steps: readonly Step[];
}

/** Without these nothing can follow; that something was not read or notified is no failure. */
const NEEDED: ReadonlySet<string> = new Set(["committed", "member", "routed", "written"]);
const GOOD: ReadonlySet<string> = new Set(["read", "delivered", "own"]);
const FIELDS = [
  ["roomId", "Room", "Id of the room"],
  ["messageId", "Message", "msg_…"],
  ["userId", "Member", "Id of the person"],
] as const;
type Asked = Readonly<Record<string, string>>;

export function DeliveryView({ query }: { readonly query: Asked }) {
  const [draft, setDraft] = useState<Asked>(query);
  const isWhole = (asked: Asked): boolean => FIELDS.every(([name]) => (asked[name] ?? "").trim() !== "");
  const submit = (event: Event): void => {
    event.preventDefault();
    if (isWhole(draft)) goTo(["delivery"], { ...draft, again: String(Number(query["again"] ?? 0) + 1) });
  };
  return (
    <>
      <Tracing />
      <Card title="Why did this member not get this message?">
        <form class="filters" onSubmit={submit}>
          {FIELDS.map(([field, name, example]) => (
            <Text
              key={field}
              name={name}
              value={draft[field] ?? ""}
              onInput={(value) => setDraft({ ...draft, [field]: value.trim() })}
              placeholder={example}
            />
          ))}
          <Button kind="primary" type="submit" disabled={!isWhole(draft)}>
            Find out
          </Button>
        </form>
      </Card>
      {isWhole(query) && <Answer query={query} />}
    </>
  );
}

function Answer({ query }: { readonly query: Asked }) {
  const { api } = useAdmin();
  const { roomId, messageId, userId } = query;
  const loaded = useLoaded(`trace ${JSON.stringify(query)}`, () =>
    api.get<Trace>("/admin/trace", { roomId, messageId, userId }),
  );
  return (
    <Load loaded={loaded}>
      {({ verdict, why, steps, seq, silentNodes, isDeleted }) => (
        <Card
          title={
            <span class="verdict">
              <Pill tone={GOOD.has(verdict) ? "good" : verdict === "unknown" ? "quiet" : "warn"}>
                {verdict.replaceAll("_", " ")}
              </Pill>{" "}
              {why}
            </span>
          }
        >
          <p class="lead">
            Message {messageId} (number {seq} in the room's log) and {userId}.{isDeleted && " It was deleted since."}
            {silentNodes.length > 0 && ` No answer from ${silentNodes.join(", ")}: what they know is missing here.`}
          </p>
          <ol class="steps">
            {steps.map((step) => (
              <li key={step.step} class={`step step-${toneOf(step)}`}>
                <span class="step-name">{step.step}</span>
                <Pill tone={toneOf(step)}>{step.state}</Pill>
                <span class="step-about">{aboutOf(step)}</span>
              </li>
            ))}
          </ol>
        </Card>
      )}
    </Load>
  );
}

function toneOf({ step, state }: Step): Tone {
  if (state === "yes") return "good";
  return state === "no" && NEEDED.has(step) ? "bad" : "quiet";
}

/** What a step says beside yes and no. */
function aboutOf(step: Step): string {
  switch (step.step) {
    case "committed":
      return `at ${moment(step.at)} by ${step.by ?? "an unknown node"}`;
    case "member": {
      const came = step.joinedSeq == null ? "" : `came with number ${step.joinedSeq}`;
      const left = step.leftSeq == null ? "" : `left with number ${step.leftSeq}`;
      return [came, left, step.isBanned === true ? "is banned" : ""].filter((part) => part !== "").join(", ");
    }
    case "routed":
      return (step.to ?? []).map(({ at, nodes }) => `to ${nodes.join(", ")} at ${moment(at)}`).join("; ");
    case "written":
      return [
        ...(step.sockets ?? []).map(socketText),
        ...(step.replays ?? []).map(({ at }) => `sent again at ${moment(at)}`),
      ].join("; ");
    case "notified":
      return step.isBlocking === true ? "they block the author" : (step.reason ?? "").replaceAll("_", " ");
    default:
      return step.seq === undefined || step.seq === 0 ? "nothing yet" : `up to number ${step.seq}`;
  }
}

function socketText({ connectionId, node, wasWritten, endedAt, closeCode, backlog }: Socket): string {
  const ended =
    endedAt == null ? "still there" : `ended ${moment(endedAt)}${closeCode == null ? "" : ` with ${closeCode}`}`;
  const behind = backlog == null ? "" : `, ${bytes(backlog)} not taken`;
  return `${wasWritten ? "to" : "not to"} ${connectionId} on ${node}, ${ended}${behind}`;
}

interface TracingState {
  readonly isOn: boolean;
  readonly until: string | null;
}

function Tracing() {
  const { api } = useAdmin();
  const act = useAct();
  const loaded = useLoaded("tracing", () => api.get<TracingState>("/admin/tracing"));
  const on = (): void =>
    act(
      {
        title: "Note where messages go?",
        effect:
          "From now on it is noted, in memory, which node and connection each frame of the tenant's rooms went to. It ends by itself.",
        verb: "Note it",
        choices: {
          name: "How long",
          options: [
            ["60", "an hour"],
            ["15", "15 minutes"],
            ["1440", "a day"],
          ],
        },
      },
      ({ choice }) => api.send("PUT", "/admin/tracing", { minutes: Number(choice) }),
      "It is noted from now on.",
      loaded.reload,
    );
  const off = (): void => void api.send("PUT", "/admin/tracing", { minutes: 0 }).then(loaded.reload);
  return <TracingLine loaded={loaded} on={on} off={off} />;
}

interface TracingLineProps {
  readonly loaded: Loaded<TracingState>;
  readonly on: () => void;
  readonly off: () => void;
}

function TracingLine({ loaded, on, off }: TracingLineProps) {
  return (
    <Load loaded={loaded}>
      {({ isOn, until }) => (
        <div class="notice">
          <span>
            {isOn ? (
              <>
                <Pill tone="good">noting</Pill> It is noted where messages go; it ends {ago(until)}.
              </>
            ) : (
              <>
                <Pill tone="quiet">not noting</Pill> Membership, delivery and reading are known at any time. Which
                connection a message was written to is known only while that is noted.
              </>
            )}
          </span>
          <Button onClick={isOn ? off : on}>{isOn ? "Stop" : "Note it…"}</Button>
        </div>
      )}
    </Load>
  );
}
