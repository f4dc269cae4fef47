/** The first page: what is wrong, what is live now, and how it has been. */
import { BarChart } from "../chart/bar-chart.tsx";
import { useAdmin } from "../context.ts";
import { count, plural } from "../format.ts";
import { useLoaded, usePolled } from "../live.ts";
import { Pill, Card, Load, Tile } from "../parts/basics.tsx";
import { Table } from "../parts/table.tsx";
import { hrefOf } from "../route.ts";
import { goTo } from "../use-route.ts";
import { Live } from "./live-figures.tsx";
import { Problems } from "./problem-list.tsx";

interface Part {
  readonly messages: number;
  readonly writers: number;
  readonly activeUsers: number;
}
interface Stats {
  readonly connections: number;
  readonly users: number;
  readonly last24Hours: Part & { readonly hours: readonly (Part & { readonly at: string })[] };
  readonly days: readonly (Part & { readonly day: string })[];
  readonly rooms: readonly { readonly roomId: string; readonly messages: number }[];
}
export interface Queue {
  readonly rooms: readonly {
    readonly roomId: string;
    readonly name: string;
    readonly type: string;
    readonly held: number;
    readonly reports: number;
    readonly since: string;
  }[];
  readonly held: number;
  readonly reports: number;
  readonly isCut: boolean;
}

const STATS_MS = 5_000;
const QUEUE_MS = 10_000;
const HOUR_MS = 3_600_000;
const HOURS = 24;

export function OverviewView() {
  const { api, tenant } = useAdmin();
  const stats = usePolled("stats", STATS_MS, () => api.get<Stats>("/admin/stats", { days: 30 }));
  const queue = usePolled("queue", QUEUE_MS, () => api.get<Queue>("/admin/queue"));
  return (
    <>
      <Problems />
      <Live />
      <h2 class="section">
        Tenant <code>{tenant}</code>
      </h2>
      <Load loaded={stats}>
        {(data) => (
          <>
            <TenantTiles stats={data} queue={queue.data} />
            <div class="grid-2">
              <Card>
                <BarChart
                  title="Messages by the hour"
                  unit="messages"
                  bars={hoursOf(data, ({ messages }) => messages)}
                />
              </Card>
              <Card>
                <BarChart
                  title="Active people by the hour"
                  unit="people"
                  note="different people in each hour"
                  bars={hoursOf(data, (one) => one.activeUsers)}
                />
              </Card>
              <Card>
                <BarChart title="Messages by the day" unit="messages" names={6} bars={daysOf(data)} />
              </Card>
              <Busiest rooms={data.rooms} />
            </div>
          </>
        )}
      </Load>
    </>
  );
}

function TenantTiles({ stats, queue }: { readonly stats: Stats; readonly queue: Queue | undefined }) {
  const waiting = queue === undefined ? undefined : queue.held + queue.reports;
  const { last24Hours } = stats;
  return (
    <div class="tiles">
      <Tile name="Connected now" value={count(stats.connections)} note={plural(stats.users, "person", "people")} />
      <Tile
        name="Messages, 24 hours"
        value={count(last24Hours.messages)}
        note={`${count(last24Hours.writers)} wrote`}
      />
      <Tile name="Active people, 24 hours" value={count(last24Hours.activeUsers)} />
      <a class="tile-link" href={hrefOf(["moderation"])}>
        <Tile
          name="Waiting for a moderator"
          value={count(waiting)}
          {...(waiting !== undefined && waiting > 0 && { tone: "warn" as const })}
          note={
            waiting === 0 ? (
              <Pill tone="good">nothing waits</Pill>
            ) : (
              `${plural(queue?.reports ?? 0, "report")}, ${count(queue?.held)} held`
            )
          }
        />
      </a>
    </div>
  );
}

function Busiest({ rooms }: { readonly rooms: Stats["rooms"] }) {
  const { api } = useAdmin();
  const names = useLoaded("names", () => api.get<{ rooms: { roomId: string; name: string }[] }>("/admin/rooms"));
  const nameOf = (id: string): string => names.data?.rooms.find(({ roomId }) => roomId === id)?.name ?? id;
  return (
    <Card title="Busiest rooms, today and yesterday" isFlush>
      <Table
        label="Busiest rooms"
        rows={rooms.slice(0, 6)}
        keyOf={({ roomId }) => roomId}
        open={({ roomId }) => goTo(["rooms", roomId])}
        empty="Nobody wrote anything yet."
        columns={[
          { name: "Room", show: ({ roomId }) => nameOf(roomId) },
          { name: "Messages", isNumber: true, show: ({ messages }) => count(messages) },
        ]}
      />
    </Card>
  );
}

/** Hours without anything are told as nothing. */
function hoursOf({ last24Hours }: Stats, pick: (part: Part) => number) {
  const known = new Map(last24Hours.hours.map((one) => [Math.floor(Date.parse(one.at) / HOUR_MS), one]));
  const now = Math.floor(Date.now() / HOUR_MS);
  return Array.from({ length: HOURS }, (_, i) => {
    const hour = now - HOURS + 1 + i;
    const part = known.get(hour);
    const name = `${String(new Date(hour * HOUR_MS).getHours()).padStart(2, "0")}:00`;
    return { name, about: name, value: part === undefined ? 0 : pick(part) };
  });
}

function daysOf({ days }: Stats) {
  const known = new Map(days.map((one) => [one.day, one.messages]));
  return Array.from({ length: 30 }, (_, i) => {
    const day = new Date(Date.now() - (29 - i) * HOURS * HOUR_MS).toISOString().slice(0, 10);
    return { name: day.slice(5), about: day, value: known.get(day) ?? 0 };
  });
}
