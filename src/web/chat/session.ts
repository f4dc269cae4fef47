/**
 * Everything the page knows while somebody is signed in: the SDK's client, and what it tells as signals.
 * Invariant: at most `LISTENED_MAX` rooms are listened to at once; of the others the client knows what is unread.
 */
import { batch, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import { StoaClient } from "../../client/client.ts";
import type { Failed, Pending, RoomEntry, RoomEvent, RoomState, Status, ThreadCount } from "../../client/stoa-chat.ts";
import { type Account, currentToken, tokenRefused } from "../ui/account.ts";
import { kept } from "../ui/kept.ts";
import { toast } from "../ui/toast.tsx";
import { Desk } from "./desk.ts";
import { RoomWindow } from "./room-window.ts";
import { go } from "./router.ts";
import type { Person } from "./types.ts";

const LISTENED_MAX = 12;
/** Rooms of two that are listened to for the presence of the other one. */
const PEERS_WATCHED_MAX = 20;
/** The list of rooms is read again when the page is looked at and it is older. */
const LIST_MS = 30_000;
/** Of rooms that one moderates; those used last. */
const DESKS_MAX = 4;
/** From these codes on the server does not want this client any more. */
const REFUSED_FROM = 4400;

export class Session {
  readonly client: StoaClient;
  readonly account: Account;
  readonly status: Signal<Status>;
  readonly rooms = signal<readonly RoomEntry[] | undefined>(undefined);
  readonly pending = signal<readonly Pending[]>([]);
  readonly failed = signal<readonly Failed[]>([]);
  readonly invites = signal(0);
  /** Characters of a message, once the server has said it. */
  readonly lengthMax = signal<number | undefined>(undefined);
  /** As others see whoever is signed in. */
  readonly me: Signal<Person>;
  /** By room, how much waits for its moderators, as far as this page knows. */
  readonly queue = signal<Readonly<Record<string, number>>>({});
  /** Threads that one follows with replies not read. */
  readonly threads = signal<readonly ThreadCount[]>([]);
  /** The other one of each room of two. */
  readonly peers = signal<Readonly<Record<string, Person>>>({});
  readonly #states = new Map<string, Signal<RoomState>>();
  /** Those that are listened to, the one used last at the end. */
  readonly #windows = new Map<string, RoomWindow>();
  readonly #asked = new Set<string>();
  #readAt = Date.now();
  readonly #desks = new Map<string, Desk>();

  constructor(account: Account) {
    this.account = account;
    this.client = new StoaClient({
      url: location.origin,
      token: currentToken,
      storage: kept,
      account: `${account.tenant}/${account.userId}`,
    });
    this.status = signal(this.client.status);
    this.me = signal({ userId: account.userId, name: account.name });
    this.#listen();
  }

  async open(): Promise<void> {
    document.addEventListener("visibilitychange", this.#lookAgain);
    await this.client.connect();
    await this.client.loadRooms().catch(() => undefined);
    this.rooms.value ??= this.client.rooms;
  }

  /** Rooms that one made elsewhere are told to nobody: they are there when one comes back to this page. */
  readonly #lookAgain = (): void => {
    if (document.visibilityState !== "visible" || Date.now() - this.#readAt < LIST_MS) return;
    this.#readAt = Date.now();
    this.client.loadRooms().catch(() => undefined);
  };

  close(): void {
    document.removeEventListener("visibilitychange", this.#lookAgain);
    for (const window of this.#windows.values()) window.close();
    this.client.close();
  }

  room(roomId: string): RoomEntry | undefined {
    return this.rooms.value?.find((room) => room.roomId === roomId);
  }

  state(roomId: string): ReadonlySignal<RoomState> {
    const known = this.#states.get(roomId);
    if (known !== undefined) return known;
    const made = signal(this.client.room(roomId));
    this.#states.set(roomId, made);
    return made;
  }

  /** The room's messages, listened to from now on, or from when it is known that it is one of one's own. */
  window(roomId: string): RoomWindow {
    const window = this.#windows.get(roomId) ?? new RoomWindow(this.client, roomId);
    if (this.room(roomId) !== undefined) window.listen();
    this.#windows.delete(roomId);
    this.#windows.set(roomId, window);
    const [oldest] = this.#windows.keys();
    if (this.#windows.size > LISTENED_MAX && oldest !== undefined) this.#forget(oldest);
    return window;
  }

  /** For those who moderate this room. */
  desk(roomId: string): Desk {
    const known = this.#desks.get(roomId);
    const desk = known ?? new Desk(this.client, roomId, (count) => this.#waits(roomId, count));
    this.#desks.delete(roomId);
    this.#desks.set(roomId, desk);
    const [oldest] = this.#desks.keys();
    if (this.#desks.size > DESKS_MAX && oldest !== undefined) this.#desks.delete(oldest);
    return desk;
  }

  #waits(roomId: string, count: number): void {
    this.queue.value = { ...this.queue.value, [roomId]: count };
  }

  #waitsMore(roomId: string): void {
    const desk = this.#desks.get(roomId);
    if (desk !== undefined) desk.reload();
    else this.#waits(roomId, (this.queue.value[roomId] ?? 0) + 1);
  }

  /** How people see this room: those of two are named for the other one. */
  titleOf(room: RoomEntry): string {
    if (room.type !== "direct") return room.name;
    const peer = this.peers.value[room.roomId];
    return peer === undefined ? room.name : (this.client.person(peer.userId).name ?? peer.name);
  }

  nameOf(userId: string): string {
    if (userId === this.account.userId) return this.me.value.name;
    return this.client.person(userId).name ?? userId;
  }

  #forget(roomId: string): void {
    this.#windows.get(roomId)?.close();
    this.#windows.delete(roomId);
    if (!this.#asked.has(roomId)) this.client.leave(roomId).catch(() => undefined);
  }

  #listen(): void {
    const { client } = this;
    client.on("status", (status) => {
      this.status.value = status;
      if (status.state !== "closed" || (status.code ?? 0) < REFUSED_FROM) return;
      toast("The server does not take this token any more. Sign in again.");
      tokenRefused();
    });
    client.on("connected", ({ invites = 0, limits }) => {
      this.lengthMax.value = limits.messageLength;
      this.invites.value = invites;
      // What was told meanwhile was told to nobody.
      for (const desk of this.#desks.values()) desk.reload();
      void this.readMe();
    });
    client.on("pending", (pending) => {
      this.pending.value = pending;
    });
    client.on("failed", (failed) => {
      this.failed.value = failed;
    });
    client.on("rooms", (rooms) => {
      batch(() => {
        this.rooms.value = rooms;
        this.peers.value = peersOf(rooms);
      });
      for (const { roomId } of rooms) this.#windows.get(roomId)?.listen();
      for (const room of rooms) if (room.type === "direct") this.#watchPeer(room.roomId);
    });
    client.on("room", (state) => {
      const known = this.#states.get(state.roomId);
      if (known !== undefined) known.value = state;
    });
    client.on("event", ({ roomId, event }) => this.#sayWhyGone(roomId, event));
    client.on("left", ({ roomId }) => {
      this.#windows.get(roomId)?.close();
      this.#windows.delete(roomId);
    });
    client.on("threads", (threads) => {
      this.threads.value = threads;
    });
    client.on("notification", ({ kind, roomId }) => {
      if (kind === "invite" || kind === "invite_ended") void this.#countInvites();
      if (kind === "join_request") this.#waitsMore(roomId);
      if (kind === "request_approved") void this.#letIn(roomId);
      if (kind === "request_denied") toast("You asked to join a room, and were turned down.");
    });
    client.on("frame", (frame) => {
      if (frame.type !== "moderation_notice") return;
      const { what, roomId } = frame;
      if (what === "held" || what === "reported") this.#waitsMore(roomId);
      else toast(what === "approved" ? "Your message was published." : "A moderator refused your message.");
    });
  }

  /** Whoever looks at a room that is theirs no more is told what became of it. */
  #sayWhyGone(roomId: string, event: RoomEvent): void {
    const room = this.room(roomId);
    const { userId } = this.account;
    if (room === undefined || !("by" in event) || event.by === userId) return;
    const title = this.titleOf(room);
    if (event.type === "room_deleted") toast(`${title} was deleted.`);
    if (event.type !== "user_left" || event.user.userId !== userId) return;
    toast(event.reason === "banned" ? `You were banned from ${title}.` : `You were removed from ${title}.`);
  }

  async #letIn(roomId: string): Promise<void> {
    await this.client.loadRooms().catch(() => undefined);
    toast(`You were let into ${this.room(roomId)?.name ?? "the room"}.`, {
      label: "Open",
      run: () => go({ roomId }),
    });
  }

  async readMe(): Promise<void> {
    const { userId, name } = this.account;
    const found = await this.client
      .rest<{ displayName: string | null; avatar: string | null }>("GET", "/v1/chat/users/me")
      .catch(() => undefined);
    if (found === undefined) return;
    this.me.value = { userId, name: found.displayName ?? name, ...(found.avatar !== null && { avatar: found.avatar }) };
  }

  /** Whoever is brought into a room is told so as of an invite, and has none. */
  async #countInvites(): Promise<void> {
    const found = await this.client
      .rest<{ invites: readonly unknown[] }>("GET", "/v1/chat/invites")
      .catch(() => undefined);
    if (found !== undefined) this.invites.value = found.invites.length;
  }

  /** Of the first of them also whether they are there. */
  #watchPeer(roomId: string): void {
    if (this.#asked.has(roomId)) return;
    this.#asked.add(roomId);
    if (this.#asked.size <= PEERS_WATCHED_MAX) this.client.join(roomId).catch(() => undefined);
  }
}

function peersOf(rooms: readonly RoomEntry[]): Readonly<Record<string, Person>> {
  const named: Record<string, Person> = {};
  for (const { roomId, peer } of rooms) {
    if (peer === undefined) continue;
    const { userId, displayName, avatar } = peer;
    named[roomId] = { userId, name: displayName ?? userId, ...(avatar !== null && { avatar }) };
  }
  return named;
}

let current: Session | undefined;

export function openSession(account: Account): Session {
  current?.close();
  current = new Session(account);
  void current.open();
  return current;
}

export function closeSession(): void {
  current?.close();
  current = undefined;
}

/** Of whoever is signed in: components of the chat are drawn only then. */
export function session(): Session {
  if (current === undefined) throw new Error("Nobody is signed in.");
  return current;
}
