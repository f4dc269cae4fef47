/** The rooms of whoever is signed in, with what is unread in them, and themselves at the bottom. */
import { useRef } from "preact/hooks";
import type { RoomEntry } from "../../client/stoa-chat.ts";
import { signOut } from "../ui/account.ts";
import { Avatar, type Dot } from "../ui/avatar.tsx";
import { Button, IconButton } from "../ui/button.tsx";
import { Icon, type IconName, Logo } from "../ui/icon.tsx";
import { MenuButton, type MenuItem } from "../ui/menu.tsx";
import { rove } from "../ui/roving.ts";
import { setTheme, theme } from "../ui/theme.ts";
import { openRoom } from "./actions.ts";
import { count } from "./format.ts";
import { route } from "./router.ts";
import { session } from "./session.ts";
import { dialog, panel, togglePanel } from "./ui-state.ts";

export function Sidebar() {
  return (
    <nav class="side" aria-label="Rooms">
      <header class="side-head">
        <Logo size={26} />
        <span class="side-name grow">Stoa</span>
        <IconButton icon="compass" label="Discover rooms" onClick={() => open("discover")} />
        <MenuButton icon="add" label="New" items={newItems} />
      </header>
      <Invites />
      <Threads />
      <RoomList />
      <Me />
    </nav>
  );
}

function open(kind: "create" | "discover" | "direct" | "profile" | "help" | "invite"): void {
  dialog.value = { kind };
}

function newItems(): readonly MenuItem[] {
  return [
    { label: "New room", icon: "hash", run: () => open("create") },
    { label: "New direct message", icon: "mail", run: () => open("direct") },
    { label: "Discover rooms", icon: "compass", run: () => open("discover") },
    { label: "Join with an invite", icon: "add", run: () => open("invite"), line: true },
  ];
}

function Invites() {
  const waiting = session().invites.value;
  if (waiting === 0) return null;
  return (
    <button type="button" class="side-invites" onClick={() => open("invite")}>
      <Icon name="mail" size={16} />
      <span class="grow">Invitations</span>
      <span class="badge is-strong">{count(waiting)}</span>
    </button>
  );
}

function Threads() {
  const { threads, rooms } = session();
  if ((rooms.value?.length ?? 0) === 0) return null;
  const unread = threads.value.reduce((sum, one) => sum + one.unread, 0);
  const isOpen = panel.value?.kind === "threads";
  return (
    <button
      type="button"
      class={`side-room side-threads${isOpen ? " is-active" : ""}${unread > 0 ? " is-unread" : ""}`}
      aria-pressed={isOpen}
      onClick={() => togglePanel("threads")}
    >
      <span class="side-icon">
        <Icon name="thread" size={16} />
      </span>
      <span class="grow cut">Threads</span>
      <Unread unread={unread} mentions={0} isDirect />
    </button>
  );
}

function RoomList() {
  const list = useRef<HTMLDivElement>(null);
  const rooms = session().rooms.value;
  if (rooms === undefined) return <Skeleton />;
  if (rooms.length === 0) return <NoRooms />;
  const direct = rooms.filter(({ type }) => type === "direct");
  const others = rooms.filter(({ type }) => type !== "direct");
  const active = route.value.roomId ?? rooms[0]?.roomId;
  return (
    <div class="side-list" ref={list} onKeyDown={(event) => rove(event, list)}>
      <Group title="Rooms" rooms={others} active={active} />
      <Group title="Direct messages" rooms={direct} active={active} />
    </div>
  );
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
            <RoomLink room={room} isTabStop={room.roomId === active} />
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

function RoomLink({ room, isTabStop }: { readonly room: RoomEntry; readonly isTabStop: boolean }) {
  const { roomId, unread, mentions } = room;
  const isActive = route.value.roomId === roomId;
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
}

interface UnreadProps {
  readonly unread: number;
  readonly mentions: number;
  /** All of it is meant for the reader. */
  readonly isDirect: boolean;
}

function Unread({ unread, mentions, isDirect }: UnreadProps) {
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
      <Button kind="primary" small icon="compass" onClick={() => open("discover")}>
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

function Me() {
  const { account, me, status } = session();
  const { name, avatar } = me.value;
  const isOpen = status.value.state === "open";
  return (
    <footer class="side-me">
      <button type="button" class="side-self grow" onClick={() => open("profile")}>
        <Avatar id={account.userId} name={name} src={avatar} size={30} dot={isOpen ? "online" : "offline"} />
        <span class="grow cut">
          <strong class="cut">{name}</strong>
          <small class="faint cut">{isOpen ? "Online" : "Connecting …"}</small>
          <span class="hidden-text">: profile and settings</span>
        </span>
      </button>
      <MenuButton icon="more" label="More" items={meItems} />
    </footer>
  );
}

function meItems(): readonly MenuItem[] {
  const isDark =
    theme.value === "dark" || (theme.value === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  return [
    { label: "Profile and settings", icon: "settings", run: () => open("profile") },
    { label: isDark ? "Light colours" : "Dark colours", icon: "spark", run: () => setTheme(isDark ? "light" : "dark") },
    { label: "Keyboard shortcuts", icon: "help", run: () => open("help") },
    ...(session().account.isAdmin
      ? [{ label: "Dashboard", icon: "shield" as const, run: () => location.assign("/admin") }]
      : []),
    { label: "Sign out", icon: "leave", run: signOut, line: true },
  ];
}
