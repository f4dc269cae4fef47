/** Asks the running server of this configuration as an administrator of a tenant: with a token that this program makes itself. */
import { type Config, readConfig } from "../config/config.ts";
import { ownHost } from "../config/own-host.ts";
import { err, ok, type Result } from "../base/result.ts";
import { createAuth } from "../edge/auth.ts";
import { secretOfServer } from "../edge/jwt-secret.ts";

const TOKEN_SECONDS = 3_600;
const SECRET_HINT = "The server has another secret: give this command its JWT_SECRET_KEY, or its STOA_DATA_DIR.";

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

/** An error: the configuration is wrong, or there is no key of tokens. Commands end with 2 then, as when they are asked wrongly. */
export async function runningServer(options: RunningServerOptions): Promise<Result<RunningServer, string>> {
  const config = readConfig();
  if (!config.ok) return err(config.error.join("\n"));
  const token = await adminToken(config.value, options);
  if (!token.ok) return token;
  const base = options.url ?? addressOf(config.value);
  return ok({
    ask: async <Data>(method: string, path: string, body?: object) => {
      const headers = { authorization: `Bearer ${token.value}`, ...(body && { "content-type": "application/json" }) };
      const sent = { method, headers, ...(body && { body: JSON.stringify(body) }) };
      const response = await reach(base, `/v1/chat${path}`, sent);
      return response.ok ? dataOf<Data>(base, response.value) : response;
    },
  });
}

/** An error is a sentence for whoever gave the command: nobody answers there. */
export async function reach(base: string, path: string, sent: RequestInit): Promise<Result<Response, string>> {
  try {
    return ok(await fetch(`${base}${path}`, sent));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? ` (${String(error.code)})` : "";
    return err(
      `no server answers at ${base}${code}: start it with npm start, or name where it is: --url http://HOST:PORT`,
    );
  }
}

/** What an answer holds; an error is the server's own sentence, or that this is no answer of Stoa. */
export async function dataOf<Data>(base: string, response: Response): Promise<Result<Data, string>> {
  const text = await response.text();
  const answer = parsed<Data>(text);
  if (answer === undefined)
    return err(`${base} answered with status ${response.status}, and not as Stoa does: is --url right?`);
  if (answer.data !== undefined) return ok(answer.data);
  const why = answer.error?.message ?? `status ${response.status}`;
  return err(response.status === 401 ? `${why} ${SECRET_HINT}` : why);
}

function parsed<Data>(
  text: string,
): { readonly data?: Data; readonly error?: { readonly message: string } } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function addressOf({ host, port }: Config): string {
  return `http://${ownHost(host)}:${port}`;
}

/** An error: there is no key to make it with. */
export async function adminToken(
  config: Config,
  { tenant, user }: Pick<RunningServerOptions, "tenant" | "user">,
): Promise<Result<string, string>> {
  const { issuer, audience } = config.jwt;
  const secret = secretOfServer(config);
  if (!secret.ok) return secret;
  const auth = createAuth({ secret: secret.value, issuer, audience });
  const claims = { user, role: "admin", ttlSeconds: TOKEN_SECONDS, ...(tenant !== undefined && { tenant }) } as const;
  return ok(await auth.mintToken(claims));
}
