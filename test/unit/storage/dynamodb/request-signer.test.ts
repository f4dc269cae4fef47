/** Our signature is the SDK's: the test servers do not check it, DynamoDB does. */
import { describe, expect, test } from "bun:test";
import { createHash, createHmac } from "node:crypto";
import { HttpRequest } from "@smithy/core/protocols";
import { SignatureV4 } from "@smithy/signature-v4";
import { RequestSigner, type SigningCredentials } from "../../../../src/storage/dynamodb/request-signer.ts";

/** Node's hashes in the form that the SDK's signer asks for. */
class Sha256 {
  readonly #hash;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash =
      secret === undefined ? createHash("sha256") : createHmac("sha256", secret as string | NodeJS.ArrayBufferView);
  }

  update(data: Uint8Array | string): void {
    this.#hash.update(data);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): never {
    throw new Error("not needed");
  }
}

const DAY_1 = new Date("2026-03-01T23:59:59.999Z");
const DAY_2 = new Date("2026-03-02T00:00:00.001Z");
const KEYS: SigningCredentials = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};

function request(body: string | Uint8Array): HttpRequest {
  return new HttpRequest({
    method: "POST",
    protocol: "https:",
    hostname: "dynamodb.eu-central-1.amazonaws.com",
    path: "/",
    headers: {
      host: "dynamodb.eu-central-1.amazonaws.com",
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": "DynamoDB_20120810.PutItem",
    },
    body,
  });
}

describe("the signature of a request", () => {
  const cases: readonly [string, SigningCredentials, string, Date, string | Uint8Array][] = [
    ["a text", KEYS, "eu-central-1", DAY_1, '{"TableName":"chat"}'],
    ["a text that is not ASCII", KEYS, "eu-central-1", DAY_1, '{"TableName":"ü 🦊"}'],
    ["bytes", KEYS, "us-east-1", DAY_2, new TextEncoder().encode('{"TableName":"chat"}')],
    ["nothing", KEYS, "us-east-1", DAY_2, ""],
    ["a session's keys", { ...KEYS, sessionToken: "IQoJb3JpZ2luX2VjE==" }, "eu-west-3", DAY_2, "{}"],
    ["other keys", { accessKeyId: "AKIDOTHER", secretAccessKey: "another" }, "eu-west-3", DAY_2, "{}"],
  ];
  test.each(cases)("of %s is that of the SDK's own signer", async (_, keys, region, signingDate, body) => {
    const theirs = new SignatureV4({
      service: "dynamodb",
      region,
      credentials: { ...keys } as never,
      sha256: Sha256 as never,
      applyChecksum: false,
    });
    const ours = new RequestSigner(async () => keys, region);
    const expected = await theirs.sign(request(body), { signingDate });
    const signed = await ours.sign(request(body), { signingDate });
    expect(signed.headers["authorization"]).toBe(expected.headers["authorization"] ?? "");
    expect(signed.headers["x-amz-date"]).toBe(expected.headers["x-amz-date"] ?? "");
    expect(signed.headers["x-amz-security-token"]).toBe(expected.headers["x-amz-security-token"] as string);
  });

  test("follows the day and the keys when they change", async () => {
    let keys = KEYS;
    const ours = new RequestSigner(async () => keys, "eu-central-1");
    const signatures = new Set<string | undefined>();
    for (const signingDate of [DAY_1, DAY_2]) {
      for (const secretAccessKey of ["one", "two"]) {
        keys = { ...KEYS, secretAccessKey };
        const fresh = new RequestSigner(async () => keys, "eu-central-1");
        const signed = await ours.sign(request("{}"), { signingDate });
        expect(signed.headers).toEqual((await fresh.sign(request("{}"), { signingDate })).headers);
        signatures.add(signed.headers["authorization"]);
      }
    }
    expect(signatures.size).toBe(4);
  });
});
