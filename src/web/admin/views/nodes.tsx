/** Nodes and their parts: which are there, which are not, what each is like, and what stores and threads went through. */
import { Sparkline } from "../chart/sparkline.tsx";
import { useAdmin } from "../context.ts";
import { ago, bytes, count, duration, milliseconds, percent, plural, rate } from "../format.ts";
import { Pill, Card, Load, type Tone } from "../parts/basics.tsx";
import { Table } from "../parts/table.tsx";
import { latestOf, type Overview, type OverviewNode, type PulseHistory } from "../pulse-history.ts";
import { Problems } from "./problem-list.tsx";

const TONES: Readonly<Record<string, Tone>> = { healthy: "good", degraded: "warn", down: "bad" };
/** Rates of an event in the ten minutes that are kept. */
const sumOf = (history: PulseHistory, node: string, column: string): number =>
  history.of(node, column).values.reduce((sum, value) => sum + value, 0);

export function NodesView() {
  const { overview, history } = useAdmin();
  return (
    <>
      <Problems />
      <Load loaded={overview}>
        {(data) => (
          <>
            <NodeTable data={data} history={history} />
            <div class="grid-2">
              <Parts nodes={data.nodes} />
              <Stores nodes={data.nodes} history={history} />
            </div>
          </>
        )}
      </Load>
    </>
  );
}

function NodeTable({ data, history }: { readonly data: Overview; readonly history: PulseHistory }) {
  const of = (one: OverviewNode, column: string): number | undefined => latestOf(history, one.node, column);
  return (
    <Card title="Nodes" isFlush>
      <Table
        label="Nodes"
        rows={data.nodes}
        keyOf={({ node }) => node}
        empty="No node answers."
        columns={[
          { name: "Node", show: (one) => <b class="nowrap">{one.instance}</b> },
          { name: "State", show: (one) => <State node={one} /> },
          { name: "Up for", show: (one) => duration(Date.now() - Date.parse(one.startedAt)) },
          { name: "Connections", isNumber: true, show: (one) => count(of(one, "connections")) },
          { name: "Messages/s", isNumber: true, show: (one) => rate(of(one, "messagesPerSecond")) },
          {
            name: "Last minutes",
            isMinor: true,
            show: (one) => <Sparkline series={history.of(one.node, "messagesPerSecond")} />,
          },
          { name: "Answer p99", isNumber: true, show: (one) => milliseconds(of(one, "answerP99Ms")) },
          { name: "Waiting", isNumber: true, isMinor: true, show: (one) => count(of(one, "requestsWaiting")) },
          { name: "Memory", isNumber: true, show: (one) => bytes(of(one, "memoryBytes")) },
          { name: "CPU", isNumber: true, show: (one) => percent(of(one, "cpuPercent")) },
          { name: "Shards", isNumber: true, isMinor: true, show: ({ shards }) => count(shards) },
          { name: "Restarts", isNumber: true, show: ({ restarts }) => <Restarts restarts={restarts} /> },
        ]}
      />
      {data.lost.map(({ node, instance, lastSeen }) => (
        <p key={node} class="row-bad">
          <b>{instance}</b> <Pill tone="bad">gone</Pill> last seen {ago(lastSeen)}
        </p>
      ))}
      {data.silent.map((node) => (
        <p key={node} class="row-bad">
          <b>{node}</b> <Pill tone="bad">no answer</Pill>
        </p>
      ))}
    </Card>
  );
}

function State({ node }: { readonly node: OverviewNode }) {
  if (!node.isReady) return <Pill tone="warn">not ready</Pill>;
  const states = Object.values(node.dependencies);
  if (states.includes("down")) return <Pill tone="bad">part down</Pill>;
  return states.includes("degraded") ? <Pill tone="warn">degraded</Pill> : <Pill tone="good">healthy</Pill>;
}

function Restarts({ restarts }: { readonly restarts: number }) {
  return restarts === 0 ? "0" : <Pill tone="warn">{count(restarts)}</Pill>;
}

/** One column for each node: what is wrong with one of them stands out. */
function Parts({ nodes }: { readonly nodes: readonly OverviewNode[] }) {
  const parts = [...new Set(nodes.flatMap(({ dependencies }) => Object.keys(dependencies)))];
  return (
    <Card title="Parts" isFlush>
      <Table
        label="Parts of each node"
        rows={parts}
        keyOf={(part) => part}
        empty="Nothing is known yet."
        columns={[
          { name: "Part", show: (part) => <b>{part}</b> },
          ...nodes.map((node) => ({
            name: node.instance,
            show: (part: string) => <Part state={node.dependencies[part]} behindMs={node.lagsMs[part]} />,
          })),
        ]}
      />
    </Card>
  );
}

interface PartProps {
  readonly state: string | undefined;
  readonly behindMs: number | undefined;
}

function Part({ state, behindMs }: PartProps) {
  if (state === undefined) return "–";
  return (
    <span class="named">
      <Pill tone={TONES[state] ?? "quiet"}>{state}</Pill>
      {behindMs !== undefined && behindMs > 0 && <small>{milliseconds(behindMs)} behind</small>}
    </span>
  );
}

function Stores({ nodes, history }: { readonly nodes: readonly OverviewNode[]; readonly history: PulseHistory }) {
  return (
    <Card title="Store, last ten minutes" isFlush>
      <Table
        label="What the stores did"
        rows={nodes}
        keyOf={({ node }) => node}
        empty="Nothing is known yet."
        columns={[
          { name: "Node", show: ({ instance }) => <b class="nowrap">{instance}</b> },
          { name: "Commits/s", isNumber: true, show: ({ node }) => rate(latestOf(history, node, "commitsPerSecond")) },
          {
            name: "Commit p99",
            isNumber: true,
            show: ({ node }) => milliseconds(latestOf(history, node, "commitP99Ms")),
          },
          { name: "Queued", isNumber: true, show: ({ node }) => bytes(latestOf(history, node, "queuedBytes")) },
          {
            name: "Not written",
            isNumber: true,
            show: ({ node }) => {
              const lost = sumOf(history, node, "notWritten");
              return lost === 0 ? "0" : <Pill tone="bad">{plural(lost, "append")}</Pill>;
            },
          },
        ]}
      />
    </Card>
  );
}
