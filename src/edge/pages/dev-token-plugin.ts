/**
 * `POST /v1/dev/token`: a token for whoever says a name, so that a server for trying things out has people at once.
 * Invariant: not there in production. `local`: only for a browser on this machine, at an address that names this machine.
 */
import { Elysia, t } from "elysia";
import type { Auth } from "../auth.ts";
import { answerError, refuse, succeed } from "../rest/envelope.ts";
import { readJsonBody } from "../rest/json-body.ts";

const TOKEN_SECONDS = 12 * 3600;
const NAME_LENGTH_MAX = 60;
const ID_LENGTH_MAX = 40;
const LOCAL_ADDRESSES = ["127.0.0.1", "::1", "::ffff:127.0.0.1"];
/** A name of somebody else's that leads here would let their page ask. */
const LOCAL_HOSTS = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i;

export function devTokenPlugin(auth: Pick<Auth, "mintToken">, who: "local" | "on") {
  return new Elysia()
    .onError((context) => answerError(context))
    .onParse(readJsonBody)
    .post(
      "/v1/dev/token",
      async ({ body, request, server, set }) => {
        const address = server?.requestIP(request)?.address ?? "";
        if (who === "local" && !isLocal(request, address)) {
          return refuse(set, {
            code: "forbidden",
            message: "Signing in by name works only on the server's own machine.",
          });
        }
        const user = idOf(body.name);
        if (user === undefined) {
          return refuse(set, { code: "invalid_field", field: "name", message: "The name needs a letter or a digit." });
        }
        const { name, role } = body;
        const token = await auth.mintToken({ user, name, ttlSeconds: TOKEN_SECONDS, ...(role && { role }) });
        return succeed({ token });
      },
      {
        body: t.Object({
          name: t.String({ minLength: 1, maxLength: NAME_LENGTH_MAX }),
          role: t.Optional(t.Literal("admin")),
        }),
        detail: { hide: true },
      },
    );
}

function isLocal(request: Request, address: string): boolean {
  return (
    LOCAL_ADDRESSES.includes(address) &&
    !request.headers.has("x-forwarded-for") &&
    LOCAL_HOSTS.test(request.headers.get("host") ?? "")
  );
}

/** "Zoë Müller" is `zoe-muller`. */
function idOf(name: string): string | undefined {
  const plain = name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, ID_LENGTH_MAX);
  if (plain !== "") return plain;
  if (!/[\p{L}\p{N}]/u.test(name)) return undefined;
  return `u-${new Bun.CryptoHasher("sha256").update(name).digest("hex").slice(0, 12)}`;
}
