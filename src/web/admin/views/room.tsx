/** One room: what it is, how busy, who is in it, and what an administrator may do to it. */
import { BarChart } from "../chart/bar-chart.tsx";
import { type Admin, useAct, useAdmin } from "../context.ts";
import { ago, count, moment, plural } from "../format.ts";
import { useLoaded, usePolled } from "../live.ts";
import { Button } from "../../ui/button.tsx";
import { Pill, Card, Fact, Facts, Load } from "../parts/basics.tsx";
import { Pager, Table, usePages } from "../parts/table.tsx";
import { hrefOf } from "../route.ts";
import { goTo } from "../use-route.ts";
import type { Room } from "./rooms.tsx";

interface RoomStats {
  readonly messageCount: number;
  readonly memberCount: number;
  readonly present: number;
  readonly unreadMembers: number | null;
  readonly last24Hours: {
    readonly messages: number;
    readonly writers: number;
    readonly hours: readonly { readonly at: string; readonly messages: number }[];
    readonly busiest: readonly { readonly userId: string; readonly messages: number }[];
  };
}
interface Member {
  readonly userId: string;
  readonly displayName: string | null;
  readonly role: string;
  readonly joinedAt: string;
  readonly isOnline: boolean;
}
interface MemberPage {
  readonly members: readonly Member[];
  readonly pagination: { readonly total: number; readonly hasMore: boolean; readonly after: string | null };
}

const EVERY_MS = 5_000;
const HOUR_MS = 3_600_000;

export function RoomView({ roomId }: { readonly roomId: string }) {
  const { api } = useAdmin();
  const path = `/rooms/${encodeURIComponent(roomId)}`;
  const room = useLoaded(path, () => api.get<Room>(path));
  const stats = usePolled(`${path}/stats`, EVERY_MS, () => api.get<RoomStats>(`${path}/stats`));
  return (
    <>
      <a class="back" href={hrefOf(["rooms"])}>
        ← Rooms
      </a>
      <Load loaded={room}>
        {(data) => (
          <>
            <div class="grid-2">
              <About room={data} stats={stats.data} reload={room.reload} />
              <Card>
                <BarChart title="Messages by the hour" unit="messages" bars={hoursOf(stats.data)} />
                <p class="chart-note">
                  {stats.data === undefined
                    ? "Reading …"
                    : `${plural(stats.data.last24Hours.writers, "person", "people")} wrote in the last 24 hours, ` +
                      `${count(stats.data.present)} there now.`}
                </p>
              </Card>
            </div>
            <Members path={path} />
          </>
        )}
      </Load>
    </>
  );
}

interface AboutProps {
  readonly room: Room;
  readonly stats: RoomStats | undefined;
  readonly reload: () => void;
}

function About({ room, stats, reload }: AboutProps) {
  return (
    <Card
      title={
        <span class="named">
          {room.name} <Pill tone="quiet">{room.type}</Pill> {room.isArchived && <Pill tone="warn">archived</Pill>}
        </span>
      }
    >
      <Facts>
        <Fact name="Id">
          <code>{room.roomId}</code>
        </Fact>
        <Fact name="Members">{`${count(room.memberCount)} of ${count(room.maxMembers)}`}</Fact>
        <Fact name="Messages">{count(stats?.messageCount)}</Fact>
        <Fact name="Not up to date">{stats?.unreadMembers == null ? "–" : plural(stats.unreadMembers, "member")}</Fact>
        <Fact name="Made">{`${moment(room.createdAt)} by ${room.createdBy}`}</Fact>
        <Fact name="Last activity">{ago(room.lastActivity)}</Fact>
        <Fact name="Moderation">{room.moderationLevel}</Fact>
        <Fact name="Kept">
          {room.messageRetention === 0 ? "as the installation says" : plural(room.messageRetention, "day")}
        </Fact>
      </Facts>
      <Acts room={room} reload={reload} />
    </Card>
  );
}

function Acts({ room, reload }: { readonly room: Room; readonly reload: () => void }) {
  const { api, tell } = useAdmin();
  const act = useAct();
  const { roomId, name } = room;
  const path = `/rooms/${encodeURIComponent(roomId)}`;
  const hold = `/admin/holds/rooms/${encodeURIComponent(roomId)}`;
  const archive = (): void =>
    act(
      {
        title: `Archive ${name}?`,
        effect: "Its members go on reading; nobody writes until it is opened again. Nothing is lost.",
        verb: "Archive",
      },
      () => api.send("POST", `${path}/archive`, {}),
      `${name} is archived.`,
      reload,
    );
  const open = (): void =>
    act(
      { title: `Open ${name} again?`, effect: "Its members may write again.", verb: "Open" },
      () => api.send("DELETE", `${path}/archive`),
      `${name} is open.`,
      reload,
    );
  const place = (): void =>
    act(
      {
        title: `Legal hold on ${name}?`,
        effect: "Neither retention nor an erasure deletes anything of this room until the hold is lifted.",
        verb: "Place hold",
        reason: "optional",
      },
      ({ reason }) => api.send("PUT", hold, reason === undefined ? {} : { reason }),
      `${name} is on hold.`,
    );
  return (
    <div class="acts">
      <Button onClick={() => void exportRoom(api, roomId, tell)}>Export as JSON Lines</Button>
      <Button onClick={place}>Legal hold…</Button>
      {room.isArchived ? <Button onClick={open}>Open again…</Button> : <Button onClick={archive}>Archive…</Button>}
    </div>
  );
}

async function exportRoom(api: Admin["api"], roomId: string, tell: Admin["tell"]): Promise<void> {
  try {
    const blob = await api.download(`/rooms/${encodeURIComponent(roomId)}/export`);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${roomId}.jsonl`;
    link.click();
    URL.revokeObjectURL(link.href);
    tell("The room was exported.");
  } catch (failure) {
    tell(failure instanceof Error ? failure.message : String(failure));
  }
}

function Members({ path }: { readonly path: string }) {
  const { api } = useAdmin();
  const pages = usePages();
  const query = { limit: 25, after: pages.after };
  const loaded = useLoaded(`${path} ${pages.after}`, () => api.get<MemberPage>(`${path}/members`, query));
  return (
    <Card title="Members" isFlush>
      <Load loaded={loaded}>
        {({ members, pagination }) => (
          <>
            <Table
              label="Members"
              rows={members}
              keyOf={({ userId }) => userId}
              open={({ userId }) => goTo(["people", userId])}
              empty="Nobody is in it."
              columns={[
                { name: "Person", show: (one) => <Person userId={one.userId} name={one.displayName} /> },
                { name: "Role", show: ({ role }) => role },
                { name: "There", show: ({ isOnline }) => (isOnline ? <Pill tone="good">online</Pill> : "–") },
                { name: "Since", isMinor: true, show: ({ joinedAt }) => moment(joinedAt) },
              ]}
            />
            <Pager
              pages={pages}
              next={pagination.hasMore && pagination.after !== null ? pagination.after : undefined}
              note={plural(pagination.total, "member")}
            />
          </>
        )}
      </Load>
    </Card>
  );
}

export function Person({ userId, name }: { readonly userId: string; readonly name: string | null | undefined }) {
  return (
    <span class="named">
      <b>{name ?? userId}</b>
      {name != null && <small>{userId}</small>}
    </span>
  );
}

function hoursOf(stats: RoomStats | undefined) {
  const known = new Map(
    stats?.last24Hours.hours.map(({ at, messages }) => [Math.floor(Date.parse(at) / HOUR_MS), messages]),
  );
  const now = Math.floor(Date.now() / HOUR_MS);
  return Array.from({ length: 24 }, (_, i) => {
    const hour = now - 23 + i;
    const name = `${String(new Date(hour * HOUR_MS).getHours()).padStart(2, "0")}:00`;
    return { name, about: name, value: known.get(hour) ?? 0 };
  });
}
