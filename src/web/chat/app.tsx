/** The page of somebody who is signed in: rooms, the one that is open, what is beside and over it. */
import { useEffect } from "preact/hooks";
import type { Status } from "../../client/stoa-chat.ts";
import { Button } from "../ui/button.tsx";
import { Empty } from "../ui/empty.tsx";
import { kept } from "../ui/kept.ts";
import { Dialogs } from "./dialogs.tsx";
import { pageKey } from "./keys.ts";
import { Panels } from "./panels.tsx";
import { RoomView } from "./room-view.tsx";
import { go, route } from "./router.ts";
import { session } from "./session.ts";
import { Sidebar } from "./sidebar.tsx";
import { dialog, panel } from "./ui-state.ts";
import { showMessage } from "./actions.ts";

export function Chat() {
  const { roomId } = route.value;
  useEffect(() => {
    addEventListener("keydown", pageKey);
    const { roomId: room, messageId } = route.peek();
    if (room !== undefined && messageId !== undefined) void showMessage(room, messageId);
    return () => removeEventListener("keydown", pageKey);
  }, []);
  useFirstRoom();
  useTitle();
  const classes = [
    "app",
    roomId !== undefined && "has-room",
    panel.value !== undefined && (roomId !== undefined || panel.value.kind === "threads") && "has-panel",
  ];
  return (
    <div class={classes.filter(Boolean).join(" ")}>
      <Sidebar />
      <div class="stage">{roomId === undefined ? <NoRoom /> : <RoomView roomId={roomId} />}</div>
      <Panels roomId={roomId} />
      <Dialogs />
      <Connection status={session().status.value} />
    </div>
  );
}

/** On large screens some room is always open: the one used last, or the first one. */
function useFirstRoom(): void {
  const rooms = session().rooms.value;
  const { roomId } = route.value;
  useEffect(() => {
    if (roomId !== undefined) return kept.setItem("stoa-last-room", roomId);
    if (matchMedia("(max-width: 720px)").matches || rooms === undefined) return;
    const last = kept.getItem("stoa-last-room");
    const room = rooms.find((one) => one.roomId === last) ?? rooms[0];
    if (room !== undefined) go({ roomId: room.roomId }, true);
  }, [rooms, roomId]);
}

function useTitle(): void {
  const { rooms } = session();
  const { roomId } = route.value;
  const unread = rooms.value?.reduce((sum, room) => sum + room.unread, 0) ?? 0;
  const room = roomId === undefined ? undefined : session().room(roomId);
  const name = room === undefined ? "Stoa" : `${session().titleOf(room)} · Stoa`;
  useEffect(() => {
    document.title = unread > 0 ? `(${unread}) ${name}` : name;
  }, [unread, name]);
}

/** Over the page, so that nothing moves when it comes and goes. */
function Connection({ status }: { readonly status: Status }) {
  const { client, pending } = session();
  if (status.state === "open") return null;
  if (status.state === "closed") {
    return (
      <div class="banner is-bad" role="alert">
        The server does not let this page in.
        <Button small onClick={() => void client.connect()}>
          Try again
        </Button>
      </div>
    );
  }
  const waiting = pending.value.length;
  // The very first moment is no trouble.
  if (status.state === "connecting" && client.userId === undefined) return null;
  return (
    <div class="banner" role="status">
      <span class="spinner" />
      {navigator.onLine ? "Connection lost. Trying again …" : "You are offline."}
      {waiting > 0 && ` What you write is sent then (${waiting}).`}
    </div>
  );
}

function show(kind: "discover" | "create"): void {
  dialog.value = { kind };
}

function NoRoom() {
  const rooms = session().rooms.value;
  if (rooms === undefined) return <main class="room" />;
  return (
    <main class="room">
      <Empty icon="chat" title={rooms.length === 0 ? "Welcome" : "Choose a room"}>
        <p>{rooms.length === 0 ? "Find a room that interests you, or make one." : "Your rooms are on the left."}</p>
        {rooms.length === 0 && (
          <p class="row">
            <Button kind="primary" icon="compass" onClick={() => show("discover")}>
              Discover rooms
            </Button>
            <Button icon="add" onClick={() => show("create")}>
              New room
            </Button>
          </p>
        )}
      </Empty>
    </main>
  );
}
