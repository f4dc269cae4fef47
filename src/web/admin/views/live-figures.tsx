/** How the whole server is now, and was in the last ten minutes, for operators; others are told why they do not see it. */
import { LineChart } from "../chart/line-chart.tsx";
import { Sparkline } from "../chart/sparkline.tsx";
import { useAdmin } from "../context.ts";
import { bytes, count, milliseconds, percent, rate, short } from "../format.ts";
import { Card, Tile } from "../parts/basics.tsx";
import { latest, type PulseHistory } from "../pulse-history.ts";

const compact = (value: number): string => short(value);

export function Live() {
  const { overview, history } = useAdmin();
  const { data, failure } = overview;
  if (data === undefined && failure?.status === 403) {
    return (
      <div class="notice">
        <span>
          Figures of the whole server (nodes, latency, memory) are for operators: sign in with the token of{" "}
          <code>/metrics</code> beside your own, or open this page on the server's machine.
        </span>
      </div>
    );
  }
  if (data === undefined) return <p class="nothing">Reading …</p>;
  return (
    <>
      <h2 class="section">Live</h2>
      <LiveTiles history={history} nodes={data.nodes.length} />
      <LiveCharts history={history} />
    </>
  );
}

function LiveTiles({ history, nodes }: { readonly history: PulseHistory; readonly nodes: number }) {
  const of = (column: string) => history.total(column);
  const now = (column: string): number | undefined => latest(of(column));
  const late = now("answerP99Ms") ?? 0;
  return (
    <div class="tiles">
      <Tile
        name="Connections"
        value={count(now("connections"))}
        note={nodes === 1 ? "on one node" : `on ${nodes} nodes`}
      >
        <Sparkline series={of("connections")} />
      </Tile>
      <Tile name="Messages per second" value={rate(now("messagesPerSecond"))} note="committed">
        <Sparkline series={of("messagesPerSecond")} />
      </Tile>
      <Tile name="Deliveries per second" value={rate(now("deliveriesPerSecond"))} note="to sockets">
        <Sparkline series={of("deliveriesPerSecond")} />
      </Tile>
      <Tile
        name="Answer time, p99"
        value={milliseconds(now("answerP99Ms"))}
        note={`half within ${milliseconds(now("answerP50Ms"))}`}
        {...(late > 500 && { tone: "warn" as const })}
      >
        <Sparkline series={of("answerP99Ms")} />
      </Tile>
    </div>
  );
}

function LiveCharts({ history }: { readonly history: PulseHistory }) {
  const line = (name: string, column: string) => ({ name, series: history.total(column) });
  return (
    <div class="grid-3">
      <Card>
        <LineChart title="Connections" lines={[line("connections", "connections")]} format={compact} isWhole />
      </Card>
      <Card>
        <LineChart
          title="Throughput, per second"
          lines={[line("messages", "messagesPerSecond"), line("deliveries", "deliveriesPerSecond")]}
          format={compact}
        />
      </Card>
      <Card>
        <LineChart
          title="Request to answer"
          lines={[line("p50", "answerP50Ms"), line("p99", "answerP99Ms")]}
          format={milliseconds}
        />
      </Card>
      <Card>
        <LineChart
          title="Commit to disk or store"
          lines={[line("p50", "commitP50Ms"), line("p99", "commitP99Ms")]}
          format={milliseconds}
        />
      </Card>
      <Card>
        <LineChart
          isWhole
          title="Mailboxes"
          lines={[line("requests waiting", "requestsWaiting"), line("actors with mail", "actorsWaiting")]}
          format={compact}
        />
      </Card>
      <Card>
        <LineChart
          title="Threads late"
          lines={[line("edge", "edgeLateMs"), line("shards", "shardLateMs")]}
          format={milliseconds}
        />
      </Card>
      <Card>
        <LineChart title="Waiting for the store" lines={[line("bytes", "queuedBytes")]} format={bytes} />
      </Card>
      <Card>
        <LineChart title="Memory" lines={[line("resident", "memoryBytes")]} format={bytes} />
      </Card>
      <Card>
        <LineChart title="Processor" lines={[line("of one core", "cpuPercent")]} format={percent} />
      </Card>
    </div>
  );
}
