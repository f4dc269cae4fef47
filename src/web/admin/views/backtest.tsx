/** A rule on trial: what it would have found in a room's last days, before anybody is held by it. */
import { useRef, useState } from "preact/hooks";
import { BarChart } from "../chart/bar-chart.tsx";
import { useAdmin } from "../context.ts";
import { count, moment, plural } from "../format.ts";
import { useLoaded } from "../live.ts";
import { Button } from "../../ui/button.tsx";
import { Card, Choice, Nothing, Text } from "../parts/basics.tsx";
import { Table } from "../parts/table.tsx";
import { hrefOf } from "../route.ts";

interface Result {
  readonly scanned: number;
  readonly hits: number;
  readonly perDay: Readonly<Record<string, number>>;
  readonly sample: readonly {
    readonly messageId: string;
    readonly authorId: string;
    readonly at: string;
    readonly excerpt: string | null;
  }[];
  readonly isCut: boolean;
}
interface Progress {
  readonly progress: number;
  readonly scanned: number;
  readonly hits: number;
}
type Kind = "word" | "part" | "pattern";

const KINDS = [
  ["word", "Whole words"],
  ["part", "Parts of words"],
  ["pattern", "A pattern (RE2)"],
] as const;
const DAYS = [
  ["1", "the last day"],
  ["7", "the last 7 days"],
  ["30", "the last 30 days"],
] as const;
const DAY_MS = 86_400_000;

export function Backtest({ roomId }: { readonly roomId: string | undefined }) {
  const { api } = useAdmin();
  const rooms = useLoaded("backtest rooms", () =>
    api.get<{ rooms: readonly { readonly roomId: string; readonly name: string }[] }>("/admin/rooms", { limit: 100 }),
  );
  const [room, setRoom] = useState(roomId ?? "");
  const [kind, setKind] = useState<Kind>("word");
  const [text, setText] = useState("");
  const [days, setDays] = useState("7");
  const trial = useTrial();
  const choices = rooms.data?.rooms.map((one): readonly [string, string] => [one.roomId, one.name]) ?? [];
  const wanted = room === "" ? (choices[0]?.[0] ?? "") : room;
  const submit = (event: Event): void => {
    event.preventDefault();
    const words = text.split(",").map((word) => word.trim());
    const what = kind === "pattern" ? { pattern: text } : { words: words.filter((word) => word !== ""), match: kind };
    trial.run(wanted, { rule: { id: "on-trial", action: "flag", ...what }, days: Number(days) });
  };
  return (
    <>
      <Card title="Try a rule on what was written">
        <p class="lead">Nothing is changed and nobody is told: the rule only reads the room's log.</p>
        <form class="filters" onSubmit={submit}>
          <Choice name="Room" value={wanted} options={choices} onChange={setRoom} />
          <Choice name="Looks for" value={kind} options={KINDS} onChange={(value) => setKind(value as Kind)} />
          <Text
            name={kind === "pattern" ? "Pattern" : "Words, separated by commas"}
            value={text}
            onInput={setText}
            placeholder={kind === "pattern" ? "bit\\.ly/\\w+" : "casino, free money"}
          />
          <Choice name="In" value={days} options={DAYS} onChange={setDays} />
          <Button kind="primary" type="submit" disabled={text.trim() === "" || wanted === "" || trial.isRunning}>
            {trial.isRunning ? "Looking …" : "Try it"}
          </Button>
        </form>
        {trial.progress !== undefined && (
          <p class="lead" role="status">
            <progress value={trial.progress.progress} max={1} aria-label="How far it is" />{" "}
            {count(trial.progress.scanned)} texts, {plural(trial.progress.hits, "hit")}
          </p>
        )}
        {trial.failure !== undefined && (
          <div class="notice is-bad" role="alert">
            {trial.failure}
          </div>
        )}
      </Card>
      {trial.result !== undefined && <Found result={trial.result} days={Number(days)} />}
    </>
  );
}

function Found({ result, days }: { readonly result: Result; readonly days: number }) {
  const { scanned, hits, perDay, sample, isCut } = result;
  const bars = Array.from({ length: days }, (_, i) => {
    const day = new Date(Date.now() - (days - 1 - i) * DAY_MS).toISOString().slice(0, 10);
    return { name: day.slice(5), about: day, value: perDay[day] ?? 0 };
  });
  return (
    <div class="grid-2">
      <Card title={`${plural(hits, "hit")} in ${plural(scanned, "text")}`}>
        {hits === 0 ? (
          <Nothing>It would have found nothing.</Nothing>
        ) : (
          <BarChart title="Hits by the day" unit="hits" bars={bars} />
        )}
        {isCut && <p class="lead">The room has more in these days than one trial looks at.</p>}
      </Card>
      <Card title="The newest hits" isFlush>
        <Table
          label="The newest hits"
          rows={sample}
          keyOf={({ messageId, at }) => messageId + at}
          empty="None."
          columns={[
            { name: "Text", show: ({ excerpt }) => excerpt ?? <i>deleted since</i> },
            { name: "By", show: ({ authorId }) => <a href={hrefOf(["people", authorId])}>{authorId}</a> },
            { name: "When", isMinor: true, show: ({ at }) => moment(at) },
          ]}
        />
      </Card>
    </div>
  );
}

/** One at a time; another one begun ends the one before. */
function useTrial() {
  const { api } = useAdmin();
  const [state, setState] = useState<{
    readonly progress?: Progress;
    readonly result?: Result;
    readonly failure?: string;
    readonly isRunning: boolean;
  }>({ isRunning: false });
  const latest = useRef(0);
  const run = (roomId: string, body: object): void => {
    latest.current += 1;
    const mine = latest.current;
    setState({ isRunning: true });
    const path = `/rooms/${encodeURIComponent(roomId)}/moderation/backtest`;
    const tell = (progress: Progress): void => {
      if (latest.current === mine) setState({ isRunning: true, progress });
    };
    const ended = (end: { readonly result: Result } | { readonly failure: string }): void => {
      if (latest.current === mine) setState({ isRunning: false, ...end });
    };
    void api.lines<Progress, Result>(path, body, tell).then(
      (result) => ended({ result }),
      (failure) => ended({ failure: failure instanceof Error ? failure.message : String(failure) }),
    );
  };
  return { ...state, run };
}
