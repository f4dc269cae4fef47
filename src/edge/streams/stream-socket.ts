/** What stands for the WebSocket of a client without one: what event streams and poll sessions have in common. */
import type { Clock } from "../../base/clock.ts";
import type { RoomId, Seq } from "../../base/ids.ts";
import type { CloseReason } from "../../protocol/errors.ts";
import { Itinerary } from "./itinerary.ts";
import type { Socket, Transport } from "../ports.ts";
import type { Listener, Published, StreamHub } from "./stream-hub.ts";

export interface StreamSetting {
  readonly clock: Clock;
  readonly hub: StreamHub;
  /** Rooms to listen to from the beginning, with what the client has of them. */
  readonly wanted: ReadonlyMap<RoomId, Seq | undefined>;
  /** Calls `flush` once, when this turn of the event loop is done with what it tells. */
  readonly flushSoon: (stream: { flush(): void }) => void;
  /** How long the client is to wait before it comes back, milliseconds. */
  readonly retryMs: () => number;
  /** A frame of the stream's own, as if its client had sent it. */
  readonly request: (frame: string) => void;
  /** It is over, with this close code. Told once. */
  readonly closed: (code: number) => void;
}

/** A close code of ours is never this one: the connection was lost. */
export const LOST = 1006;

export abstract class StreamSocket implements Socket, Listener {
  abstract readonly transport: Transport;
  protected readonly setting: StreamSetting;
  protected readonly itinerary: Itinerary;
  #isGreeted = false;

  constructor(setting: StreamSetting) {
    this.setting = setting;
    this.itinerary = new Itinerary(setting.hub, this, setting.wanted);
  }

  abstract send(data: Uint8Array, text: boolean): "sent" | "queued" | "dropped";
  abstract published(message: Published): void;
  abstract close(reason: CloseReason): void;
  abstract terminate(): void;
  /** Whether its cursor has a place for these rooms, too. */
  abstract hasPlace(rooms: readonly RoomId[]): boolean;
  /** Once a second, monotonic milliseconds. */
  abstract tick(nowMs: number): void;
  /** The client went. */
  abstract lost(): void;
  abstract get backlog(): number;

  greeted(): void {
    this.#isGreeted = true;
    this.ask();
  }

  /** For rooms that it still waits for. */
  protected ask(): void {
    if (!this.#isGreeted) return;
    for (const frame of this.itinerary.takeFrames()) this.setting.request(frame);
  }

  subscribe(topic: string, head: Seq): void {
    this.itinerary.subscribe(topic, head);
  }

  unsubscribe(topic: string): void {
    this.itinerary.unsubscribe(topic);
  }

  cork(run: () => void): void {
    run();
  }

  pause(): void {
    // Frames come in requests of their own, which are refused meanwhile.
  }

  resume(): void {
    this.ask();
  }
}
