import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { TOKEN_ID_LENGTH_MAX, TOKEN_LENGTH_MAX, URL_LENGTH_MAX } from "../../../src/base/limits.ts";
import { type AuthOptions, bearerToken, createAuth } from "../../../src/edge/auth.ts";
import { SECRET } from "./fake-engine.ts";

const NOW_MS = Date.UTC(2030, 0, 1);
const NOW = NOW_MS / 1000;
const clock = { wallMs: () => NOW_MS, monotonicMs: () => 0, after: () => ({ cancel: () => undefined }) };

function authWith(options: Partial<AuthOptions> = {}) {
  return createAuth({ secret: SECRET, clock, ...options });
}

const HASHES = { HS256: "sha256", HS384: "sha384", HS512: "sha512" } as const;

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}

/** A token as anyone could make it, by the letter of RFC 7515. `undefined` claims are left out. */
function sign(claims: Record<string, unknown>, { alg = "HS256" as keyof typeof HASHES, secret = SECRET } = {}): string {
  const signed = `${encoded({ alg, typ: "JWT" })}.${encoded({ sub: "usr_1", exp: NOW + 60, ...claims })}`;
  return `${signed}.${createHmac(HASHES[alg], secret).update(signed).digest("base64url")}`;
}

async function codeOf(token: string, options: Partial<AuthOptions> = {}): Promise<string> {
  const verified = await authWith(options).verifyToken(token);
  return verified.ok ? "accepted" : verified.error.code;
}

async function principalOf(claims: Record<string, unknown>) {
  const verified = await authWith().verifyToken(sign(claims));
  if (!verified.ok) throw new Error(verified.error.message ?? verified.error.code);
  return verified.value.principal;
}

describe("verifyToken", () => {
  test("a minted token gives back who it was minted for, and when it expires", async () => {
    const auth = authWith();
    const claims = {
      user: "usr_1",
      tenant: "acme",
      name: "One",
      avatar: "https://a.example/1.png",
      ttlSeconds: 60,
    } as const;
    const verified = await auth.verifyToken(await auth.mintToken({ ...claims, role: "admin" }));
    const named = verified.ok ? verified.value : {};
    expect(named).toMatchObject({ issuedAtMs: expect.any(Number), tokenId: expect.stringMatching(/^\w{16}$/) });
    expect(verified).toMatchObject({
      ok: true,
      value: {
        principal: {
          tenant: "acme",
          userId: "usr_1",
          name: "One",
          avatar: "https://a.example/1.png",
          role: "admin",
        } as never,
        expiresAtMs: NOW_MS + 60_000,
      },
    });
  });

  test("without further claims: tenant default, role user, no name", async () => {
    expect(await principalOf({})).toEqual({ tenant: "default", userId: "usr_1", role: "user" } as never);
  });

  test("tenant_id, picture and roles are understood too", async () => {
    const claims = { tenant_id: "acme", picture: "https://a.example/p.png", roles: ["editor", "admin"] };
    expect(await principalOf(claims)).toMatchObject({
      tenant: "acme",
      avatar: "https://a.example/p.png",
      role: "admin",
    });
  });

  test("no claim makes anyone the system itself", async () => {
    expect((await principalOf({ role: "system", roles: ["system"] })).role).toBe("user");
  });

  test("a name is cleaned of control characters and cut; an avatar that is no web address is left out", async () => {
    const { name, avatar } = await principalOf({ name: `A\u0000B${"x".repeat(500)}`, avatar: "javascript:alert(1)" });
    expect(name).toStartWith("A Bx");
    expect(name).toHaveLength(120);
    expect(avatar).toBeUndefined();
    const address = (length: number): string => "http://a.example/".padEnd(length, "x");
    expect((await principalOf({ avatar: address(URL_LENGTH_MAX) })).avatar).toBe(address(URL_LENGTH_MAX));
    for (const wrong of [address(URL_LENGTH_MAX + 1), "no address", 7, "ftp://a.example/1"]) {
      expect((await principalOf({ avatar: wrong })).avatar).toBeUndefined();
    }
  });

  test("of when and under which name it was issued only what is such a thing is taken", async () => {
    const issued = async (claims: Record<string, unknown>) => {
      const verified = await authWith().verifyToken(sign(claims));
      return verified.ok ? [verified.value.issuedAtMs, verified.value.tokenId] : [];
    };
    const longest = "x".repeat(TOKEN_ID_LENGTH_MAX);
    expect(await issued({ iat: NOW - 5, jti: longest })).toEqual([NOW_MS - 5_000, longest]);
    expect(await issued({ jti: `${longest}x` })).toEqual([undefined, undefined]);
    expect(await issued({ jti: 7 })).toEqual([undefined, undefined]);
  });

  test("a token of the longest length is looked at, a longer one is not", async () => {
    const pad = (length: number): string => {
      const [body, free] = [sign({}), length - sign({ pad: "" }).length];
      const padded = sign({ pad: "x".repeat(Math.floor((free * 3) / 4)) });
      return padded.length > length ? body : padded;
    };
    const long = pad(TOKEN_LENGTH_MAX);
    expect(long.length).toBeGreaterThan(TOKEN_LENGTH_MAX - 4);
    expect(await codeOf(long)).toBe("accepted");
    expect(await codeOf(pad(TOKEN_LENGTH_MAX + 4))).toBe("unauthorized");
  });

  test("another algorithm is refused although the signature is right", async () => {
    expect(await codeOf(sign({}, { alg: "HS512" }))).toBe("unauthorized");
    expect(await codeOf(sign({}, { alg: "HS384" }))).toBe("unauthorized");
  });

  test("an unsigned token is refused", async () => {
    expect(await codeOf(`${encoded({ alg: "none" })}.${encoded({ sub: "usr_1", exp: NOW + 60 })}.`)).toBe(
      "unauthorized",
    );
  });

  test("another secret is refused, also when the token has expired", async () => {
    const secret = "another secret that is long enough!!";
    expect(await codeOf(sign({}, { secret }))).toBe("unauthorized");
    expect(await codeOf(sign({ exp: NOW - 60 }, { secret }))).toBe("unauthorized");
  });

  test("an expired token is told from a bad one, to the second", async () => {
    expect(await codeOf(sign({ exp: NOW + 1 }))).toBe("accepted");
    expect(await codeOf(sign({ exp: NOW }))).toBe("token_expired");
    expect(await codeOf(sign({ exp: NOW - 1 }))).toBe("token_expired");
  });

  test("a token without exp, or without sub, is refused", async () => {
    expect(await codeOf(sign({ exp: undefined }))).toBe("unauthorized");
    expect(await codeOf(sign({ sub: undefined }))).toBe("unauthorized");
    // In audit logs these names are the engine's own.
    for (const sub of ["system", "assistant"]) expect(await codeOf(sign({ sub }))).toBe("unauthorized");
  });

  test("a token that is not valid yet is refused, and not as expired", async () => {
    expect(await codeOf(sign({ nbf: NOW + 30 }))).toBe("unauthorized");
  });

  test.each(["", "a b", "a/b", "a#b", "x".repeat(129), 7, null])("the subject %p is refused", async (sub) => {
    expect(await codeOf(sign({ sub }))).toBe("unauthorized");
  });

  // The last one is the engine's own, for what belongs to no tenant.
  test.each(["", "a/b", "x".repeat(129), 7, "~"])(
    "the tenant %p is refused rather than replaced by the default",
    async (tenant) => {
      expect(await codeOf(sign({ tenant }))).toBe("unauthorized");
    },
  );

  test("issuer and audience are required once they are configured", async () => {
    const options = { issuer: "https://id.example", audience: "stoa" };
    expect(await codeOf(sign({}), options)).toBe("unauthorized");
    expect(await codeOf(sign({ iss: "https://id.example", aud: "other" }), options)).toBe("unauthorized");
    expect(await codeOf(sign({ iss: "https://id.example", aud: ["x", "stoa"] }), options)).toBe("accepted");
    expect(await codeOf(await authWith(options).mintToken({ user: "usr_1", ttlSeconds: 60 }), options)).toBe(
      "accepted",
    );
  });

  test.each(["", "nonsense", "a.b.c", "x".repeat(10_000)])("garbage is refused without an exception", async (token) => {
    expect(await codeOf(token)).toBe("unauthorized");
  });

  test("a changed payload is refused", async () => {
    const [header, , signature] = sign({}).split(".");
    const payload = encoded({ sub: "usr_2", exp: NOW + 60 });
    expect(await codeOf(`${header}.${payload}.${signature}`)).toBe("unauthorized");
  });
});

test.each([
  ["Bearer abc", "abc"],
  ["bearer  abc ", "abc"],
  ["Basic abc", undefined],
  ["Bearer", undefined],
  ["Bearer a b", undefined],
  [null, undefined],
])("of the header %p the token is %p", (header, token) => {
  expect(bearerToken(header)).toBe(token);
});
