/** The rooms of whoever is signed in, with what is unread in them, and themselves at the bottom. */
import { signOut } from "../ui/account.ts";
import { Avatar } from "../ui/avatar.tsx";
import { IconButton } from "../ui/button.tsx";
import { Icon, Logo } from "../ui/icon.tsx";
import { MenuButton, type MenuItem } from "../ui/menu.tsx";
import { setTheme, theme } from "../ui/theme.ts";
import { count } from "./format.ts";
import { RoomList, Unread } from "./room-list.tsx";
import { go } from "./router.ts";
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

/** Whoever comes next begins at the beginning. */
function leave(): void {
  go({}, true);
  signOut();
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
    { label: "Sign out", icon: "leave", run: leave, line: true },
  ];
}
