/** All rooms of the tenant, by name and type, a page at a time. */
import { useState } from "preact/hooks";
import { useAdmin } from "../context.ts";
import { ago, count, plural } from "../format.ts";
import { usePolled } from "../live.ts";
import { Pill, Card, Text, Load, Choice } from "../parts/basics.tsx";
import { Pager, Table, usePages } from "../parts/table.tsx";
import { goTo } from "../use-route.ts";
import { useSettled } from "../settled.ts";

export interface Room {
  readonly roomId: string;
  readonly name: string;
  readonly description: string | null;
  readonly type: string;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly memberCount: number;
  readonly maxMembers: number;
  readonly messageCount: number;
  readonly lastActivity: string;
  readonly moderationLevel: string;
  readonly slowModeSeconds: number;
  readonly messageRetention: number;
  readonly enableAI: boolean;
  readonly allowAnonymous: boolean;
  readonly isArchived: boolean;
}
interface RoomPage {
  readonly rooms: readonly Room[];
  readonly pagination: { readonly total: number; readonly offset: number; readonly hasMore: boolean };
}

const LIMIT = 25;
const EVERY_MS = 10_000;
const TYPES = ["public", "private", "group", "announcement", "support", "broadcast"] as const;

export function RoomsView() {
  const { api } = useAdmin();
  const [text, setText] = useState("");
  const [type, setType] = useState("");
  const pages = usePages();
  const wanted = useSettled(text);
  const offset = Number(pages.after ?? 0);
  const query = { text: wanted, type, limit: LIMIT, offset };
  const loaded = usePolled(`rooms ${wanted} ${type} ${offset}`, EVERY_MS, () =>
    api.get<RoomPage>("/admin/rooms", query),
  );
  const change = (set: (value: string) => void) => (value: string) => {
    set(value);
    pages.restart();
  };
  return (
    <Card isFlush>
      <div class="filters">
        <Text name="Name" type="search" value={text} onInput={change(setText)} placeholder="Part of the name" />
        <Choice
          name="Type"
          value={type}
          onChange={change(setType)}
          options={[["", "All types"], ...TYPES.map((one): readonly [string, string] => [one, one])]}
        />
      </div>
      <Load loaded={loaded}>
        {({ rooms, pagination }) => (
          <>
            <Table
              label="Rooms"
              rows={rooms}
              keyOf={({ roomId }) => roomId}
              open={({ roomId }) => goTo(["rooms", roomId])}
              empty={wanted === "" && type === "" ? "There are no rooms yet." : "No room is like that."}
              columns={[
                { name: "Room", show: (room) => <RoomName room={room} /> },
                { name: "Type", show: ({ type: one }) => <Pill tone="quiet">{one}</Pill> },
                { name: "Members", isNumber: true, show: ({ memberCount }) => count(memberCount) },
                { name: "Messages", isNumber: true, show: ({ messageCount }) => count(messageCount) },
                { name: "Moderation", isMinor: true, show: ({ moderationLevel }) => moderationLevel },
                { name: "Last activity", show: ({ lastActivity }) => ago(lastActivity) },
              ]}
            />
            <Pager
              pages={pages}
              next={pagination.hasMore ? String(offset + LIMIT) : undefined}
              note={plural(pagination.total, "room")}
            />
          </>
        )}
      </Load>
    </Card>
  );
}

function RoomName({ room }: { readonly room: Room }) {
  return (
    <span class="named">
      <b>{room.name}</b>
      <small>{room.roomId}</small>
      {room.isArchived && <Pill tone="quiet">archived</Pill>}
    </span>
  );
}
