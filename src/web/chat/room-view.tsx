/** One room: its head, its messages, where one writes; beside it a panel. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { RoomEntry } from "../../client/stoa-chat.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button, IconButton } from "../ui/button.tsx";
import { Empty } from "../ui/empty.tsx";
import { Field } from "../ui/field.tsx";
import { MenuButton, type MenuItem } from "../ui/menu.tsx";
import { attempt, leaveRoom } from "./actions.ts";
import { roomPath } from "./paths.ts";
import { Composer } from "./composer.tsx";
import { hasFiles, writingIn } from "./composer-state.ts";
import { count, names, plural } from "./format.ts";
import { mayChange, mayModerate } from "./roles.ts";
import { go, route } from "./router.ts";
import { session } from "./session.ts";
import { RoomIcon } from "./room-list.tsx";
import { TimelineView } from "./timeline-view.tsx";
import { dialog, panel, togglePanel } from "./ui-state.ts";

export function RoomView({ roomId }: { readonly roomId: string }) {
  const room = session().room(roomId);
  const isOver = useSignal(false);
  if (session().rooms.value !== undefined && room === undefined) return <NotJoined roomId={roomId} />;
  const title = room === undefined ? "" : session().titleOf(room);
  return (
    <main
      class="room"
      aria-label={title || "Room"}
      onDragEnter={(event) => {
        isOver.value = hasFiles(event);
      }}
      onDragOver={(event) => {
        if (hasFiles(event)) event.preventDefault();
      }}
      onDrop={(event) => {
        if (!hasFiles(event)) return;
        event.preventDefault();
        isOver.value = false;
        writingIn(roomId, roomId).add(event.dataTransfer?.files ?? []);
      }}
    >
      {isOver.value && (
        <div
          class="drop"
          onDragLeave={() => {
            isOver.value = false;
          }}
        >
          Drop files to attach them
        </div>
      )}
      <RoomHead roomId={roomId} room={room} title={title} />
      <TimelineView key={roomId} window={session().window(roomId)} />
      <Typing roomId={roomId} />
      <Composer roomId={roomId} placeholder={title === "" ? "Write a message" : `Message ${title}`} />
    </main>
  );
}

interface HeadProps {
  readonly roomId: string;
  readonly room: RoomEntry | undefined;
  readonly title: string;
}

function RoomHead({ roomId, room, title }: HeadProps) {
  const open = panel.value?.kind;
  const isModerator = room !== undefined && mayModerate(roomId);
  // What waits is asked for with the first look.
  if (isModerator) session().desk(roomId);
  const waiting = isModerator ? (session().queue.value[roomId] ?? 0) : 0;
  const peer = session().peers.value[roomId];
  return (
    <header class="room-head">
      <span class="only-small">
        <IconButton icon="back" label="Back to rooms" onClick={() => go({})} />
      </span>
      {room && room.type === "direct" ? (
        <Avatar id={peer?.userId ?? roomId} name={title} src={peer?.avatar} size={28} />
      ) : (
        room && <RoomIcon room={room} />
      )}
      <div class="grow room-title">
        <h1 class="cut">{title || " "}</h1>
        <p class="cut faint small">{room && aboutOf(room)}</p>
      </div>
      {isModerator && (
        <span class="with-badge">
          <IconButton
            icon="shield"
            label={waiting > 0 ? `To moderate: ${waiting}` : "To moderate"}
            aria-pressed={open === "queue"}
            onClick={() => togglePanel("queue")}
          />
          {waiting > 0 && (
            <span class="badge is-bad" aria-hidden="true">
              {count(waiting)}
            </span>
          )}
        </span>
      )}
      <span class="not-small">
        <IconButton
          icon="pin"
          label="Pinned messages"
          aria-pressed={open === "pins"}
          onClick={() => togglePanel("pins")}
        />
      </span>
      <IconButton icon="search" label="Search" aria-pressed={open === "search"} onClick={() => togglePanel("search")} />
      <span class="not-small">
        <IconButton
          icon="people"
          label="Members"
          aria-pressed={open === "members"}
          onClick={() => togglePanel("members")}
        />
      </span>
      <MenuButton icon="more" label="Room menu" items={() => roomItems(roomId, title)} />
    </header>
  );
}

function aboutOf(room: RoomEntry): string {
  const state = session().state(room.roomId).value;
  if (room.type === "direct") {
    const peer = session().peers.value[room.roomId];
    const found = state.present.find(({ userId }) => userId === peer?.userId);
    return found?.customStatus ?? (found === undefined ? "Offline" : WORDS[found.status]);
  }
  const members = plural(state.memberCount ?? room.memberCount, "member");
  const here = state.presentCount > 0 ? ` · ${state.presentCount} here` : "";
  return `${members}${here}${room.description ? ` · ${room.description}` : ""}`;
}

const WORDS = { online: "Online", away: "Away", busy: "Busy", offline: "Offline" } as const;

function roomItems(roomId: string, title: string): readonly MenuItem[] {
  const isDirect = session().room(roomId)?.type === "direct";
  const items: (MenuItem | false)[] = [
    {
      label: mayChange(roomId) ? "Room settings" : "About this room",
      icon: "settings",
      run: () => {
        dialog.value = { kind: "room" };
      },
    },
    { label: "Members", icon: "people", run: () => togglePanel("members") },
    {
      label: "Jump to a day",
      icon: "clock",
      run: () => {
        dialog.value = { kind: "date" };
      },
    },
    { label: "Pinned messages", icon: "pin", run: () => togglePanel("pins") },
    !isDirect && { label: "Leave", icon: "leave", danger: true, line: true, run: () => leaveRoom(roomId, title) },
  ];
  return items.filter((item) => item !== false);
}

/** Of a request to join. */
const MESSAGE_LENGTH_MAX = 500;
const TYPING_NAMES_MAX = 3;

function Typing({ roomId }: { readonly roomId: string }) {
  const { typing } = session().state(roomId).value;
  const who = typing.map(({ userId, name }) => name ?? userId);
  const text =
    who.length === 0
      ? ""
      : who.length > TYPING_NAMES_MAX
        ? "Several people are typing"
        : `${names(who)} ${who.length === 1 ? "is" : "are"} typing`;
  return (
    <div class="typing" aria-live="polite">
      {text !== "" && (
        <>
          <span class="dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {text}
        </>
      )}
    </div>
  );
}

interface Seen {
  readonly name: string;
  readonly description: string | null;
  readonly memberCount: number;
  readonly requireApproval?: boolean;
}

/** A room that one may see and is not in, or that is not there. */
function NotJoined({ roomId }: { readonly roomId: string }) {
  const seen = useSignal<Seen | undefined>(undefined);
  const isGone = useSignal(false);
  const hasAsked = useSignal(false);
  const message = useSignal("");
  useEffect(() => {
    session()
      .client.rest<Seen>("GET", roomPath(roomId))
      .then(
        (found) => {
          seen.value = found;
        },
        () => {
          isGone.value = true;
        },
      );
  }, [roomId]);
  const join = async (): Promise<void> => {
    const why = message.value.trim();
    const ack = await attempt(session().client.join(roomId, why === "" ? {} : { message: why }));
    hasAsked.value = ack?.state === "pending";
    if (hasAsked.value) return;
    if (ack !== undefined) await attempt(session().client.loadRooms());
  };
  return (
    <main class="room">
      <header class="room-head only-small">
        <IconButton icon="back" label="Back to rooms" onClick={() => go({}, route.value.roomId !== undefined)} />
      </header>
      {isGone.value ? (
        <Empty icon="warn" title="There is no such room">
          <p>It may be gone, or it is not for you.</p>
        </Empty>
      ) : seen.value === undefined ? (
        <div class="empty">
          <span class="spinner" />
        </div>
      ) : (
        <Empty icon="hash" title={seen.value.name}>
          <p>{seen.value.description ?? plural(seen.value.memberCount, "member")}</p>
          {hasAsked.value ? (
            <p role="status">You have asked to join. You are told when you are let in.</p>
          ) : (
            <>
              {seen.value.requireApproval && (
                <Field label="To its moderators (optional)" maxLength={MESSAGE_LENGTH_MAX} of={message} />
              )}
              <Button kind="primary" onClick={() => void join()}>
                {seen.value.requireApproval ? "Ask to join" : "Join this room"}
              </Button>
            </>
          )}
        </Empty>
      )}
    </main>
  );
}
