/** What waits for a moderator, over all rooms: reports and held messages, dealt with where they are. */
import { useState } from "preact/hooks";
import { useAdmin } from "../context.ts";
import { ago, plural } from "../format.ts";
import { usePolled } from "../live.ts";
import { Pill, Card, Nothing, Load } from "../parts/basics.tsx";
import { hrefOf } from "../route.ts";
import { goTo } from "../use-route.ts";
import { Backtest } from "./backtest.tsx";
import type { Queue } from "./overview.tsx";
import { RoomQueue } from "./room-queue.tsx";
import { TenantRules } from "./tenant-rules.tsx";

const EVERY_MS = 5_000;
const TABS = [
  ["queue", "Queue"],
  ["backtest", "Try a rule"],
  ["rules", "Rules of the tenant"],
] as const;

export function ModerationView({
  tab,
  roomId,
}: {
  readonly tab: string | undefined;
  readonly roomId: string | undefined;
}) {
  return (
    <>
      <nav class="tab-links" aria-label="Moderation">
        {TABS.map(([name, title]) => (
          <a
            key={name}
            href={hrefOf(["moderation", name])}
            aria-current={(tab ?? "queue") === name ? "page" : undefined}
          >
            {title}
          </a>
        ))}
      </nav>
      {tab === "backtest" ? (
        <Backtest roomId={roomId} />
      ) : tab === "rules" ? (
        <TenantRules />
      ) : (
        <QueueView roomId={roomId} />
      )}
    </>
  );
}

function QueueView({ roomId }: { readonly roomId: string | undefined }) {
  const { api } = useAdmin();
  const [done, setDone] = useState(0);
  const queue = usePolled(`queue ${done}`, EVERY_MS, () => api.get<Queue>("/admin/queue"));
  return (
    <Load loaded={queue}>
      {(data) => {
        if (data.rooms.length === 0) {
          return (
            <Card>
              <Nothing>Nothing waits for a moderator. Reports and held messages of all rooms appear here.</Nothing>
            </Card>
          );
        }
        const current = data.rooms.find((room) => room.roomId === roomId) ?? data.rooms[0];
        return (
          <div class="split">
            <Card isFlush title={`${plural(data.held + data.reports, "thing waits", "things wait")}`}>
              <ul class="picks">
                {data.rooms.map((room) => (
                  <li key={room.roomId}>
                    <button
                      type="button"
                      aria-pressed={room === current}
                      onClick={() => goTo(["moderation", "queue", room.roomId])}
                    >
                      <span class="named">
                        <b>{room.name}</b>
                        <small>since {ago(room.since)}</small>
                      </span>
                      <span>
                        {room.reports > 0 && <Pill tone="bad">{plural(room.reports, "report")}</Pill>}{" "}
                        {room.held > 0 && <Pill tone="warn">{room.held} held</Pill>}
                      </span>
                    </button>
                  </li>
                ))}
              </ul>
              {data.isCut && <p class="nothing">There is more than is counted here.</p>}
            </Card>
            {current !== undefined && (
              <RoomQueue
                key={current.roomId}
                roomId={current.roomId}
                name={current.name}
                changed={() => setDone(done + 1)}
              />
            )}
          </div>
        );
      }}
    </Load>
  );
}
