/**
 * Tells everybody of a tenant who is connected here of an announcement: encoded once per codec, some hundred connections in a
 * turn of the event loop, so that what else there is to do goes on.
 */
import type { Clock } from "../../base/clock.ts";
import type { TenantId } from "../../base/ids.ts";
import { ANNOUNCED_PER_TURN_MAX } from "../../base/limits.ts";
import type { NotificationFrame } from "../../protocol/frames.ts";
import type { Connection } from "../sockets/connection.ts";

export interface AnnouncerPorts {
  readonly clock: Clock;
  readonly connections: () => Iterable<Connection>;
}

export class Announcer {
  readonly #ports: AnnouncerPorts;

  constructor(ports: AnnouncerPorts) {
    this.#ports = ports;
  }

  tell(tenant: TenantId, frame: NotificationFrame): void {
    const encoded = new Map<Connection["codec"], readonly Uint8Array[]>();
    const waiting = [...this.#ports.connections()].filter(({ principal }) => principal?.tenant === tenant);
    const room = `${tenant}/${frame.roomId}`;
    const turn = (from: number): void => {
      for (const connection of waiting.slice(from, from + ANNOUNCED_PER_TURN_MAX)) {
        if (!isMeant(connection, room)) continue;
        const { codec } = connection;
        let data = encoded.get(codec);
        if (data === undefined) {
          data = codec.encode(frame);
          encoded.set(codec, data);
        }
        for (const bytes of data) connection.queue(bytes, codec.text);
        connection.flush();
      }
      const next = from + ANNOUNCED_PER_TURN_MAX;
      if (next < waiting.length) this.#ports.clock.after(0, () => turn(next));
    };
    turn(0);
  }
}

/** Whoever listens to the room gets the message itself; nothing comes before a connection's first frame. */
function isMeant({ closed, dismissed, greeted, rooms }: Connection, room: string): boolean {
  if (closed || dismissed || !greeted) return false;
  if (rooms !== undefined) for (const { key } of rooms) if (key === room) return false;
  return true;
}
