/** One's own rooms, the newest activity first, with what is unread in them. */
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import type { RoomEntry } from "../../client/stoa-chat.ts";
import { Avatar, type Dot } from "../ui/avatar.tsx";
import { Button } from "../ui/button.tsx";
import { Icon, type IconName } from "../ui/icon.tsx";
import { memo } from "../ui/memo.tsx";
import { rove } from "../ui/roving.ts";
import { openRoom } from "./actions.ts";
import { count } from "./format.ts";
import { route } from "./router.ts";
import { session } from "./session.ts";
import { dialog } from "./ui-state.ts";

export function RoomList() {
  const list = useRef<HTMLDivElement>(null);
  const text = useSignal("");
  const rooms = session().rooms.value;
  if (rooms === undefined) return <Skeleton />;
  if (rooms.length === 0) return <NoRooms />;
  const wanted = text.value.trim().toLocaleLowerCase();
  const shown = wanted === "" ? rooms : rooms.filter((room) => isFound(room, wanted));
  const direct = shown.filter(({ type }) => type === "direct");
  const others = shown.filter(({ type }) => type !== "direct");
  const open = route.value.roomId;
  const active = shown.some(({ roomId }) => roomId === open) ? open : (others[0] ?? direct[0])?.roomId;
  return (
    <>
      {rooms.length > ROOMS_TO_FILTER && (
        <input
          class="input side-filter"
          type="search"
          placeholder="Find a room of yours"
          aria-label="Find a room of yours"
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
          }}
          onKeyDown={(event) => {
            if (event.key === "Escape") text.value = "";
            const named = shown.find((room) => session().titleOf(room).toLocaleLowerCase() === wanted);
            const first = named ?? others[0] ?? direct[0];
            if (event.key !== "Enter" || wanted === "" || first === undefined) return;
            text.value = "";
            openRoom(first.roomId);
          }}
        />
      )}
      <div class="side-list" ref={list} onKeyDown={(event) => rove(event, list)}>
        {shown.length === 0 && <p class="side-title">None of your rooms is called so.</p>}
        <Group title="Rooms" rooms={others} active={active} />
        <Group title="Direct messages" rooms={direct} active={active} />
      </div>
    </>
  );
}

/** From so many on, looking for one takes longer than writing a part of its name. */
const ROOMS_TO_FILTER = 12;

function isFound(room: RoomEntry, wanted: string): boolean {
  return session().titleOf(room).toLocaleLowerCase().includes(wanted);
}

interface GroupProps {
  readonly title: string;
  readonly rooms: readonly RoomEntry[];
  readonly active: string | undefined;
}

function Group({ title, rooms, active }: GroupProps) {
  if (rooms.length === 0) return null;
  return (
    <section aria-label={title}>
      <h2 class="side-title">{title}</h2>
      <ul>
        {rooms.map((room) => (
          <li key={room.roomId}>
            <RoomLink room={room} isActive={route.value.roomId === room.roomId} isTabStop={room.roomId === active} />
          </li>
        ))}
      </ul>
    </section>
  );
}

const ICONS: Readonly<Record<RoomEntry["type"], IconName>> = {
  public: "hash",
  private: "lock",
  direct: "person",
  group: "people",
  announcement: "megaphone",
  support: "help",
  broadcast: "megaphone",
};

export function RoomIcon({ room, size = 18 }: { readonly room: Pick<RoomEntry, "type">; readonly size?: number }) {
  return <Icon name={ICONS[room.type]} size={size} />;
}

interface LinkProps {
  readonly room: RoomEntry;
  readonly isActive: boolean;
  readonly isTabStop: boolean;
}

const RoomLink = memo(function RoomLink({ room, isActive, isTabStop }: LinkProps) {
  const { roomId, unread, mentions } = room;
  const name = session().titleOf(room);
  const peer = session().peers.value[roomId];
  const isDirect = room.type === "direct";
  const waiting = session().queue.value[roomId] ?? 0;
  return (
    <a
      href={`/r/${encodeURIComponent(roomId)}`}
      data-item
      tabIndex={isTabStop ? 0 : -1}
      class={`side-room${isActive ? " is-active" : ""}${unread > 0 ? " is-unread" : ""}`}
      aria-current={isActive ? "page" : undefined}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        openRoom(roomId);
      }}
    >
      {isDirect ? (
        <Avatar
          id={peer?.userId ?? roomId}
          name={name}
          src={peer?.avatar}
          size={22}
          dot={dotOf(roomId, peer?.userId)}
        />
      ) : (
        <span class="side-icon">
          <RoomIcon room={room} size={16} />
        </span>
      )}
      <span class="grow cut" dir="auto">
        {name}
      </span>
      {waiting > 0 && (
        <span class="badge is-bad" title={`${waiting} to moderate`}>
          <span class="hidden-text">to moderate: </span>
          {count(waiting)}
        </span>
      )}
      <Unread unread={unread} mentions={mentions} isDirect={isDirect} />
    </a>
  );
});

interface UnreadProps {
  readonly unread: number;
  readonly mentions: number;
  /** All of it is meant for the reader. */
  readonly isDirect: boolean;
}

export function Unread({ unread, mentions, isDirect }: UnreadProps) {
  const meant = isDirect ? unread : mentions;
  if (unread === 0) return null;
  return (
    <>
      <span class={meant > 0 ? "badge is-strong" : "badge"} aria-hidden="true">
        {count(meant > 0 ? meant : unread)}
      </span>
      <span class="hidden-text">
        , {unread} unread{mentions > 0 && `, ${mentions} mention you`}
      </span>
    </>
  );
}

function dotOf(roomId: string, userId: string | undefined): Dot | undefined {
  const state = session().state(roomId).value;
  if (!state.isListening) return undefined;
  return state.present.find((one) => one.userId === userId)?.status ?? "offline";
}

function NoRooms() {
  return (
    <div class="side-empty">
      <p>You are in no room yet.</p>
      <Button
        kind="primary"
        small
        icon="compass"
        onClick={() => {
          dialog.value = { kind: "discover" };
        }}
      >
        Discover rooms
      </Button>
    </div>
  );
}

const WIDTHS = [62, 45, 78, 54, 70];

function Skeleton() {
  return (
    <div class="side-list" aria-busy="true" aria-label="Rooms are being read">
      {WIDTHS.map((width) => (
        <div class="side-room" key={width}>
          <span class="skeleton" style={{ width: "20px", height: "20px" }} />
          <span class="skeleton" style={{ width: `${width}%`, height: "12px" }} />
        </div>
      ))}
    </div>
  );
}
