/**
 * The SDK as React hooks. Each gives the same value until something of it changes, so components are drawn anew only then.
 * Works with React 18 and later, and with `preact/compat`.
 */
import {
  createContext,
  createElement,
  type FunctionComponent,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from "react";
import type { MessageOptions, StoaClient } from "../client.ts";
import { Timeline, type TimelineOptions, type TimelineState } from "../timeline.ts";
import type { ClientEvents, Failed, Pending, RoomEntry, RoomState, SeenBy, Status, Totals } from "../types.ts";
import type { ThreadCount, UserRef } from "../../protocol/frames.ts";
import { Shared } from "./shared.ts";

const Context = createContext<StoaClient | undefined>(undefined);

export interface ChatProviderProps {
  /** Made by the caller, who also closes it. */
  readonly client: StoaClient;
  readonly children?: ReactNode;
}
/** Gives the client to all components inside, and connects it. */
export const ChatProvider: FunctionComponent<ChatProviderProps> = ({ client, children }) => {
  useEffect(() => void client.connect(), [client]);
  return createElement(Context.Provider, { value: client }, children);
};

export function useClient(): StoaClient {
  const client = useContext(Context);
  if (client === undefined) throw new Error("There is no ChatProvider around this component.");
  return client;
}

/** What `read` says, read again after each of these events. It must give the same value while nothing changed. */
function useRead<Value>(read: (client: StoaClient) => Value, ...events: readonly (keyof ClientEvents)[]): Value {
  const client = useClient();
  const names = events.join();
  const subscribe = useCallback(
    (changed: () => void) => {
      const ends = names.split(",").map((name) => client.on(name as keyof ClientEvents, changed));
      return () => {
        for (const end of ends) end();
      };
    },
    [client, names],
  );
  const now = (): Value => read(client);
  return useSyncExternalStore(subscribe, now, now);
}

// ---------------------------------------------------------------------------------------------- the whole client

/** `connecting`, `open`, `waiting` for the next attempt, `closed`. */
export function useConnection(): Status {
  return useRead((client) => client.status, "status");
}

export interface Rooms {
  readonly rooms: readonly RoomEntry[];
  readonly isLoading: boolean;
  readonly error?: Error;
}
/** One's own rooms, newest activity first. */
export function useRooms(): Rooms {
  const client = useClient();
  const rooms = useRead(({ rooms: list }) => list, "rooms");
  const [outcome, setOutcome] = useState<{ readonly isLoading: boolean; readonly error?: Error }>({ isLoading: true });
  useEffect(() => {
    let isThere = true;
    const load = (): void => {
      client.loadRooms().then(
        () => isThere && setOutcome({ isLoading: false }),
        (error: Error) => isThere && setOutcome({ isLoading: false, error }),
      );
    };
    load();
    // What failed for want of a network is tried again with it.
    const end = client.on("connected", load);
    return () => {
      isThere = false;
      end();
    };
  }, [client]);
  return useMemo(() => ({ rooms, ...outcome }), [rooms, outcome]);
}

/** Unread messages and mentions in all rooms. */
export function useTotals(): Totals {
  return useRead((client) => client.totals, "unread", "connected");
}

/** Replies not read in threads that one follows. */
export function useThreads(): readonly ThreadCount[] {
  return useRead((client) => client.threads, "threads");
}

export interface Outbox {
  readonly pending: readonly Pending[];
  readonly failed: readonly Failed[];
  readonly retry: (clientId: string) => void;
  readonly discard: (clientId: string) => void;
}
/** What is on its way, and what was refused. */
export function useOutbox(): Outbox {
  const client = useClient();
  const pending = useRead((one) => one.pending, "pending");
  const failed = useRead((one) => one.failed, "failed");
  return useMemo(() => {
    // What is refused once more is in `failed` once more.
    const retry = (clientId: string): void => void client.retry(clientId).catch(() => undefined);
    return { pending, failed, retry, discard: (clientId: string) => void client.discard(clientId) };
  }, [client, pending, failed]);
}

// ---------------------------------------------------------------------------------------------- one room

interface Listening {
  readonly end: () => void;
  error: Error | undefined;
  readonly waiting: Set<(error: Error | undefined) => void>;
}
const listening = new Shared<Listening>(
  (client, roomId) => {
    const isOwn = client.position(roomId) === undefined;
    const leave = (): void => void client.leave(roomId).catch(() => undefined);
    const made: Listening = { end: isOwn ? leave : () => undefined, error: undefined, waiting: new Set() };
    if (!isOwn) return made;
    client.join(roomId).catch((error: Error) => {
      made.error = error;
      for (const tell of made.waiting) tell(error);
    });
    return made;
  },
  ({ end }) => end(),
);

/** Listens to the room while the component is there; several components may. The result: why one may not. */
function useListening(roomId: string): Error | undefined {
  const client = useClient();
  const [error, setError] = useState<Error | undefined>(undefined);
  useEffect(() => {
    const [room, giveBack] = listening.take(client, roomId);
    setError(room.error);
    room.waiting.add(setError);
    return () => {
      room.waiting.delete(setError);
      giveBack();
    };
  }, [client, roomId]);
  return error;
}

export interface Room extends RoomState {
  /** Why one can't be in it. */
  readonly error?: Error;
}
/** Joins the room while the component is there. Who is present and types, counts, one's role. */
export function useRoom(roomId: string): Room {
  const error = useListening(roomId);
  const state = useRead((client) => client.room(roomId), "room");
  return useMemo(() => (error === undefined ? state : { ...state, error }), [state, error]);
}

const timelines = new Shared<Timeline>(
  (client, key) => {
    const { roomId, ...options } = JSON.parse(key) as TimelineOptions & { readonly roomId: string };
    return new Timeline(client, roomId, options);
  },
  (timeline) => timeline.close(),
);
const NOTHING: TimelineState = { messages: [], hasOlder: false, isLoading: true };
const never = (): (() => void) => () => undefined;

export interface Messages extends TimelineState {
  /** One more page before the oldest message. */
  readonly loadOlder: () => void;
  /** Shown at once; what is refused stays with `state` "failed". */
  readonly send: (content: string, options?: MessageOptions) => void;
}
/** Joins the room while the component is there. Its messages, one's own unsent ones last. */
export function useMessages(roomId: string, options: TimelineOptions = {}): Messages {
  const client = useClient();
  useListening(roomId);
  const key = JSON.stringify({ roomId, ...options });
  const [taken, setTaken] = useState<{ readonly key: string; readonly timeline: Timeline } | undefined>(undefined);
  useEffect(() => {
    const [made, giveBack] = timelines.take(client, key);
    setTaken({ key, timeline: made });
    return giveBack;
  }, [client, key]);
  const timeline = taken?.key === key ? taken.timeline : undefined;
  const subscribe = useMemo(
    () => (timeline === undefined ? never : (changed: () => void) => timeline.subscribe(changed)),
    [timeline],
  );
  const now = (): TimelineState => timeline?.state ?? NOTHING;
  const state = useSyncExternalStore(subscribe, now, now);
  return useMemo(() => {
    const loadOlder = (): void => void timeline?.loadOlder();
    const send: Messages["send"] = (content, rest) => void client.send(roomId, content, rest).catch(() => undefined);
    return { ...state, loadOlder, send };
  }, [state, timeline, client, roomId]);
}

export interface Typing {
  /** Who else is typing. */
  readonly typing: readonly UserRef[];
  /** For each key that is pressed. */
  readonly type: () => void;
  /** The field is empty again. */
  readonly stop: () => void;
}
export function useTyping(roomId: string): Typing {
  const client = useClient();
  const typing = useRead((one) => one.room(roomId).typing, "room");
  return useMemo(
    () => ({ typing, type: () => client.typing(roomId), stop: () => client.stopTyping(roomId) }),
    [client, roomId, typing],
  );
}

/** Who is there, with names and status: read once for each time that one comes (back) to the room. */
export function usePresence(roomId: string): Pick<RoomState, "present" | "presentCount"> {
  const client = useClient();
  const present = useRead((one) => one.room(roomId).present, "room");
  const presentCount = useRead((one) => one.room(roomId).presentCount, "room");
  useEffect(() => {
    const load = (): void => void client.loadPresence(roomId).catch(() => undefined);
    if (client.position(roomId) !== undefined) load();
    return client.on("position", (position) => position.roomId === roomId && load());
  }, [client, roomId]);
  return useMemo(() => ({ present, presentCount }), [present, presentCount]);
}

/** Of this room. */
export function useUnread(roomId: string): Pick<RoomState, "unread" | "mentions"> {
  const unread = useRead((client) => client.room(roomId).unread, "room");
  const mentions = useRead((client) => client.room(roomId).mentions, "room");
  return useMemo(() => ({ unread, mentions }), [unread, mentions]);
}

/** By whom a message was read. */
export function useSeenBy(roomId: string, seq: number): SeenBy {
  const client = useClient();
  const state = useRead((one) => one.room(roomId), "room");
  // The state is what it depends on.
  // biome-ignore lint/correctness/useExhaustiveDependencies: seenBy reads what `state` stands for
  return useMemo(() => client.seenBy(roomId, seq), [client, roomId, seq, state]);
}

/** Marks as read what arrives while `isSeen`: while the component is there and the page is looked at. */
export function useMarkRead(roomId: string, isSeen = true): void {
  const client = useClient();
  const unread = useRead((one) => one.room(roomId).unread, "room");
  const isListening = useRead((one) => one.room(roomId).isListening, "room");
  useEffect(() => {
    if (!isSeen || !isListening || unread === 0) return;
    const { document } = globalThis as unknown as { readonly document?: Page };
    const mark = (): void => {
      if (document === undefined || document.visibilityState === "visible") client.markRead(roomId);
    };
    mark();
    document?.addEventListener("visibilitychange", mark);
    return () => document?.removeEventListener("visibilitychange", mark);
  }, [client, roomId, isSeen, isListening, unread]);
}

interface Page {
  readonly visibilityState: string;
  addEventListener(name: string, listener: () => void): void;
  removeEventListener(name: string, listener: () => void): void;
}
