/**
 * Who is at the other end of a connection, over its whole life: the `auth` frame of a stranger, the renewal of a token,
 * the end of both terms. Invariant: a connection has one person and one role from its first frame to its last.
 */
import type { Clock } from "../../base/clock.ts";
import type { Principal } from "../../domain/principal.ts";
import { closeReasonOf } from "../../protocol/errors.ts";
import type { AuthFrame } from "../../protocol/frames.ts";
import type { Auth, Verified } from "../auth.ts";
import type { Connection } from "./connection.ts";

export interface IdentityPorts {
  readonly auth: Pick<Auth, "verifyToken">;
  readonly clock: Clock;
  /** How long this person has to wait before they may connect, milliseconds. */
  readonly connect?: ((principal: Principal) => number) | undefined;
  /** The stranger has a name now. */
  readonly admitted: (connection: Connection, principal: Principal) => void;
}

export class Identity {
  readonly #ports: IdentityPorts;

  constructor(ports: IdentityPorts) {
    this.#ports = ports;
  }

  /** The first frame of a connection that came without a token. */
  receivedFirst(connection: Connection, data: Uint8Array | string): void {
    const decoded = connection.codec.decode(data);
    if (decoded.ok && decoded.value.type === "auth") {
      void this.#authenticate(connection, decoded.value);
      return;
    }
    const ref = decoded.ok ? decoded.value.ref : decoded.error.ref;
    connection.reject({ code: "unauthorized", message: "The first frame must be auth." }, ref);
    connection.dismiss("unauthorized");
  }

  /** A new token for a live connection: only for the same person in the same role, which is known to shards already. */
  async renew(connection: Connection, frame: AuthFrame): Promise<void> {
    const verified = await this.#ports.auth.verifyToken(frame.token);
    if (connection.closed || connection.dismissed) return;
    if (!verified.ok) return connection.reject({ ...verified.error, field: "token" }, frame.ref);
    const { tenant, userId, role } = verified.value.principal;
    if (tenant !== connection.principal?.tenant || userId !== connection.principal.userId) {
      return connection.reject(
        { code: "forbidden", field: "token", message: "The token is for somebody else." },
        frame.ref,
      );
    }
    if (role !== connection.principal.role) {
      const message = "Another role needs a new connection.";
      connection.reject({ code: "forbidden", field: "token", message }, frame.ref);
      return connection.dismiss("reconnect");
    }
    holdToken(connection, verified.value);
    if (frame.ref !== undefined) connection.send({ type: "ack", ref: frame.ref });
  }

  /** Ends connections whose token has expired, and those of strangers who said nothing in time. */
  sweep(connections: Iterable<Connection>): void {
    const monotonicMs = this.#ports.clock.monotonicMs();
    const wallMs = this.#ports.clock.wallMs();
    for (const connection of connections) {
      if (connection.dismissed) continue;
      const isStranger = connection.principal === undefined;
      if (isStranger ? connection.authDueMs > monotonicMs : connection.expiresAtMs > wallMs) continue;
      connection.reject({ code: isStranger ? "unauthorized" : "token_expired" }, undefined);
      connection.dismiss(isStranger ? "auth_timeout" : "token_expired");
    }
  }

  async #authenticate(connection: Connection, frame: AuthFrame): Promise<void> {
    connection.verifying = true;
    const verified = await this.#ports.auth.verifyToken(frame.token);
    connection.verifying = false;
    if (connection.closed || connection.dismissed) return;
    if (!verified.ok) {
      connection.reject({ ...verified.error, field: "token" }, frame.ref);
      connection.dismiss(closeReasonOf(verified.error.code));
      return;
    }
    const retryAfterMs = this.#ports.connect?.(verified.value.principal) ?? 0;
    if (retryAfterMs > 0) {
      connection.reject({ code: "rate_limited", retryAfterMs }, frame.ref);
      return connection.dismiss("flooding");
    }
    connection.principal = verified.value.principal;
    holdToken(connection, verified.value);
    connection.authRef = frame.ref;
    this.#ports.admitted(connection, verified.value.principal);
  }
}

function holdToken(connection: Connection, { expiresAtMs, issuedAtMs, tokenId }: Verified): void {
  connection.expiresAtMs = expiresAtMs;
  connection.issuedAtMs = issuedAtMs;
  connection.tokenId = tokenId;
}
