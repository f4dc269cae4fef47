/** A real client of DynamoDB whose requests a test can hold, refuse, or answer wrongly, one kind at a time. */
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { type DynamoLocation, dynamoClient } from "../../src/storage/dynamodb/open-dynamo.ts";

export interface SentCommand {
  /** Like `PutItem`. */
  readonly name: string;
  /** The first table that it is about. */
  readonly table: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** Waits for it, throws, or lets it pass; `after` runs when the server has answered. */
export interface Meddling {
  readonly before?: (command: SentCommand) => Promise<void> | undefined;
  readonly after?: (command: SentCommand) => void;
}

export class MeddlingClient {
  readonly #inner: DynamoDBClient;
  readonly sent: SentCommand[] = [];
  meddling: Meddling = {};

  constructor(location: DynamoLocation) {
    this.#inner = dynamoClient(location);
  }

  readonly send = (async (command: { input: object }, options: object) => {
    const sent = described(command);
    this.sent.push(sent);
    await this.meddling.before?.(sent);
    const output = await (this.#inner.send as (command: unknown, options: unknown) => Promise<unknown>)(
      command,
      options,
    );
    this.meddling.after?.(sent);
    return output;
  }) as unknown as DynamoDBClient["send"];

  destroy(): void {
    this.#inner.destroy();
  }

  /** How many requests of one kind. */
  count(name: string): number {
    return this.sent.filter((command) => command.name === name).length;
  }
}

/** An error as the SDK throws it. */
export function serviceError(name: string, status: number): Error {
  const error = new Error(`a test's ${name}`);
  error.name = name;
  return Object.assign(error, { $metadata: { httpStatusCode: status } });
}

function described(command: { input: object }): SentCommand {
  const input = command.input as Readonly<Record<string, unknown>>;
  const batch = input["RequestItems"] as object | undefined;
  const table = batch === undefined ? String(input["TableName"]) : (Object.keys(batch)[0] ?? "");
  return { name: command.constructor.name.replace(/Command$/, ""), table, input };
}
