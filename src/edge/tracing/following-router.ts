/** Routes frames like any other, and has some messages followed. In its place only where traces are written. */
import type { Clock } from "../../base/clock.ts";
import type { Principal } from "../../domain/principal.ts";
import type { Connection } from "../sockets/connection.ts";
import { FrameRouter, type FrameRouterPorts } from "../sockets/frame-router.ts";
import type { MessageSpans } from "./message-spans.ts";

export class FollowingRouter extends FrameRouter {
  readonly #links: FrameRouterPorts["links"];
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #spans: MessageSpans;

  constructor(ports: FrameRouterPorts, clock: Pick<Clock, "monotonicMs">, spans: MessageSpans) {
    super(ports);
    this.#links = ports.links;
    this.#clock = clock;
    this.#spans = spans;
  }

  override route(connection: Connection, principal: Principal, data: Uint8Array | string): void {
    const header = this.#spans.isDue ? connection.codec.peek(data) : undefined;
    if (!header?.ok || header.value.type !== "send_message" || header.value.roomId === undefined)
      return super.route(connection, principal, data);
    const receivedMs = this.#clock.monotonicMs();
    const target = this.#links.routes.room(principal.tenant, header.value.roomId);
    const before = target.outlet.writer.lastRecord;
    super.route(connection, principal, data);
    if (target.outlet.writer.lastRecord > before) this.#spans.follow(target, receivedMs, data.length);
  }
}
