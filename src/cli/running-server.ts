/** Asks the running server of this configuration as an administrator of a tenant: with a token that this program makes itself. */
import { type Config, readConfig } from "../config/config.ts";
import { ownHost } from "../config/own-host.ts";
import { err, ok, type Result } from "../base/result.ts";
import { createAuth } from "../edge/auth.ts";
import { secretOf } from "../edge/jwt-secret.ts";

const TOKEN_SECONDS = 3_600;

export interface RunningServerOptions {
  readonly tenant: string | undefined;
  /** Named in the audit log. */
  readonly user: string;
  readonly url: string | undefined;
}

export interface RunningServer {
  /** What the server answers; an error with its sentence. */
  ask<Data>(method: string, path: string, body?: object): Promise<Result<Data, string>>;
}

/** An error: the configuration is wrong. */
export async function runningServer(options: RunningServerOptions): Promise<Result<RunningServer, string>> {
  const config = readConfig();
  if (!config.ok) return err(config.error.join("\n"));
  const token = await tokenOf(config.value, options);
  const base = options.url ?? addressOf(config.value);
  return ok({
    ask: async <Data>(method: string, path: string, body?: object) => {
      const headers = { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) };
      const sent = { method, headers, ...(body && { body: JSON.stringify(body) }) };
      const response = await fetch(`${base}/v1/chat${path}`, sent).catch((error: unknown) => String(error));
      if (typeof response === "string") return err(`${base}: ${response}. Is the server running?`);
      const answer = (await response.json()) as { readonly data?: Data; readonly error?: { readonly message: string } };
      return answer.data === undefined ? err(answer.error?.message ?? `status ${response.status}`) : ok(answer.data);
    },
  });
}

function addressOf({ host, port }: Config): string {
  return `http://${ownHost(host)}:${port}`;
}

function tokenOf(config: Config, { tenant, user }: RunningServerOptions): Promise<string> {
  const { issuer, audience } = config.jwt;
  const auth = createAuth({ secret: secretOf(config), issuer, audience });
  return auth.mintToken({ user, role: "admin", ttlSeconds: TOKEN_SECONDS, ...(tenant !== undefined && { tenant }) });
}
