/** Erasures of people: asked for, how far they are, and their signed receipts, which can be checked here. */
import { useState } from "preact/hooks";
import { useAct, useAdmin } from "../context.ts";
import { count, moment, plural, words } from "../format.ts";
import { useLoaded, usePolled } from "../live.ts";
import { Button } from "../../ui/button.tsx";
import { TextArea } from "../../ui/field.tsx";
import { Card, Load, Pill, Text, type Tone } from "../parts/basics.tsx";
import { Table } from "../parts/table.tsx";

interface Erasure {
  readonly erasureId: string;
  readonly userId: string;
  readonly by: string;
  readonly state: "running" | "done" | "held";
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly roomsDone: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly remains: readonly { readonly what: string; readonly why: string }[];
  readonly receipt: string | null;
}

const EVERY_MS = 3_000;
const TONES: Readonly<Record<Erasure["state"], Tone>> = { running: "warn", done: "good", held: "bad" };

export function Erasures() {
  const { api } = useAdmin();
  const [shown, setShown] = useState<string | undefined>(undefined);
  const loaded = usePolled("erasures", EVERY_MS, () =>
    api.get<{ erasures: readonly Erasure[] }>("/admin/erasures", { limit: 100 }),
  );
  return (
    <>
      <Begin reload={loaded.reload} />
      <Load loaded={loaded}>
        {({ erasures }) => {
          const newest = [...erasures].reverse();
          const current = newest.find(({ erasureId }) => erasureId === shown);
          return (
            <>
              <Card title="Erasures" isFlush>
                <Table
                  label="Erasures"
                  rows={newest}
                  keyOf={({ erasureId }) => erasureId}
                  open={({ erasureId }) => setShown(erasureId === shown ? undefined : erasureId)}
                  empty="Nobody was erased."
                  columns={[
                    { name: "Person", show: ({ userId }) => <b>{userId}</b> },
                    { name: "State", show: ({ state }) => <Pill tone={TONES[state]}>{state}</Pill> },
                    { name: "Erased", show: ({ counts }) => summaryOf(counts) },
                    { name: "Asked for", show: ({ startedAt, by }) => `${moment(startedAt)} by ${by}` },
                    { name: "Finished", show: ({ finishedAt }) => moment(finishedAt) },
                  ]}
                />
              </Card>
              {current !== undefined && <Receipt erasure={current} />}
            </>
          );
        }}
      </Load>
      <Verify />
    </>
  );
}

function Begin({ reload }: { readonly reload: () => void }) {
  const { api } = useAdmin();
  const act = useAct();
  const [userId, setUserId] = useState("");
  const submit = (event: Event): void => {
    event.preventDefault();
    const whom = userId.trim();
    act(
      {
        title: `Erase ${whom}?`,
        effect: `Everything that ${whom} wrote is erased in all rooms: messages and their versions, quotes, files, what search and the assistant know, their profile. Nothing brings it back. It takes a while and ends with a signed receipt.`,
        verb: "Erase for ever",
        isDangerous: true,
        retype: whom,
      },
      () => api.send("POST", "/admin/erasures", { userId: whom }),
      `The erasure of ${whom} has begun.`,
      () => {
        setUserId("");
        reload();
      },
    );
  };
  return (
    <Card title="Erase a person">
      <form class="filters" onSubmit={submit}>
        <Text name="Person" value={userId} onInput={setUserId} placeholder="The whole id" />
        <Button kind="danger" type="submit" disabled={userId.trim() === ""}>
          Erase…
        </Button>
      </form>
    </Card>
  );
}

function Receipt({ erasure }: { readonly erasure: Erasure }) {
  const { tell } = useAdmin();
  const { userId, counts, remains, receipt, erasureId, roomsDone } = erasure;
  const copy = (text: string): void =>
    void navigator.clipboard.writeText(text).then(() => tell("The receipt was copied."));
  return (
    <Card
      title={`What was erased of ${userId}`}
      actions={receipt !== null && <Button onClick={() => copy(receipt)}>Copy receipt</Button>}
    >
      <p class="lead">
        Erasure <code>{erasureId}</code>, {plural(roomsDone, "room")} looked through.
      </p>
      <div class="grid-2">
        <dl class="facts">
          {Object.entries(counts).map(([name, value]) => (
            <div key={name}>
              <dt>{words(name)}</dt>
              <dd>{count(value)}</dd>
            </div>
          ))}
        </dl>
        <div>
          <h3>What remains, and why</h3>
          <ul class="remains">
            {remains.map(({ what, why }) => (
              <li key={what}>
                <b>{what}</b>: {why}
              </li>
            ))}
          </ul>
        </div>
      </div>
    </Card>
  );
}

function Verify() {
  const { api } = useAdmin();
  const [text, setText] = useState("");
  const [asked, setAsked] = useState<string | undefined>(undefined);
  const submit = (event: Event): void => {
    event.preventDefault();
    setAsked(text.trim());
  };
  return (
    <Card title="Check a receipt">
      <form onSubmit={submit}>
        <TextArea label="Receipt" rows={3} value={text} onInput={(event) => setText(event.currentTarget.value)} />
        <p class="acts">
          <Button type="submit" disabled={text.trim() === ""}>
            Check
          </Button>
        </p>
      </form>
      {asked !== undefined && (
        <Checked key={asked} receipt={asked} ask={(body) => api.send("POST", "/admin/erasures/verify", body)} />
      )}
    </Card>
  );
}

interface CheckedProps {
  readonly receipt: string;
  readonly ask: (body: object) => Promise<unknown>;
}

function Checked({ receipt, ask }: CheckedProps) {
  const loaded = useLoaded(receipt, () => ask({ receipt }) as Promise<{ readonly valid: boolean }>);
  return (
    <Load loaded={loaded}>
      {({ valid }) =>
        valid ? (
          <Pill tone="good">signed by this installation, and unchanged</Pill>
        ) : (
          <Pill tone="bad">not signed by this installation, or changed since</Pill>
        )
      }
    </Load>
  );
}

function summaryOf(counts: Readonly<Record<string, number>>): string {
  const { messages, rooms } = counts;
  if (messages === undefined) return "–";
  return `${plural(messages, "message")} in ${plural(rooms ?? 0, "room")}`;
}
