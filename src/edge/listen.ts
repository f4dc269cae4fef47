/** Opens the port, or says in one line why it can't. */
import type { Server } from "bun";
import type { AnyElysia } from "elysia";
import { err, ok, type Result } from "../base/result.ts";

export interface Address {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

export function listen(app: AnyElysia, { host, port }: Address): Result<Server<unknown>, string> {
  try {
    app.listen({ hostname: host, port });
  } catch (error) {
    return err(explain(error, host, port));
  }
  return app.server === null ? err(`${host}:${port} could not be opened`) : ok(app.server);
}

function explain(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE")
    return `Port ${port} is in use already. Stop the other program, or choose another port: PORT=${port + 1}`;
  if (code === "EACCES")
    return `Port ${port} may not be opened by this user. Choose one above 1023, for example PORT=8080`;
  if (code === "EADDRNOTAVAIL")
    return `${host} is no address of this machine. Set HOST to one of its own, or leave it out: then all of them are listened at`;
  return `${host}:${port} could not be opened: ${error instanceof Error ? error.message : String(error)}`;
}
