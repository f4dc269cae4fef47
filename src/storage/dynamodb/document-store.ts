/**
 * A tenant's documents in the rooms table, each one item.
 * Invariant: a document that is gone leaves its version behind, so that the version of an item only grows.
 */
import type { TenantId } from "../../base/ids.ts";
import { idRangeOf, isWithin } from "../item-page.ts";
import type { PageQuery } from "../journal.ts";
import type { DocumentOutcome, ListedDocument, StoredDocument } from "../projections.ts";
import type { ApiResult, DynamoApi } from "./dynamo-api.ts";
import { binary, bytesIn, fromJsonBytes, type Item, number, numberIn, textIn } from "./items.ts";
import { documentKey } from "./keys.ts";

const encoder = new TextEncoder();

export class DocumentStore {
  readonly #api: DynamoApi;
  readonly #table: string;

  constructor(api: DynamoApi, table: string) {
    this.#api = api;
    this.#table = table;
  }

  async read(tenant: TenantId, collection: string, id: string): Promise<ApiResult<StoredDocument | null>> {
    const got = await this.#api.get(this.#table, documentKey(tenant, collection, id));
    return got.ok ? { ok: true, value: got.value === undefined ? null : documentIn(got.value) } : got;
  }

  async write(
    tenant: TenantId,
    collection: string,
    id: string,
    json: string | null,
    expectedVersion: number,
  ): Promise<ApiResult<DocumentOutcome>> {
    const isNew = expectedVersion === 0;
    const version = "version = if_not_exists(version, :none) + :one";
    const change = {
      expression: json === null ? `SET ${version} REMOVE docRow` : `SET ${version}, docRow = :row`,
      condition: isNew ? "attribute_not_exists(docRow)" : "version = :expected AND attribute_exists(docRow)",
      values: {
        ":none": number(0),
        ":one": number(1),
        ...(!isNew && { ":expected": number(expectedVersion) }),
        ...(json !== null && { ":row": binary(encoder.encode(json)) }),
      },
    };
    const written = await this.#api.update(this.#table, documentKey(tenant, collection, id), change, "user");
    if (written.ok) return { ok: true, value: "written" };
    return written.error === "condition" ? { ok: true, value: "conflict" } : written;
  }

  async list(tenant: TenantId, collection: string, query: PageQuery): Promise<ApiResult<readonly ListedDocument[]>> {
    const range = idRangeOf(query);
    const listed: ListedDocument[] = [];
    if (range === undefined) return { ok: true, value: listed };
    const { from, to } = range;
    const backward = query.backward === true;
    const { pk } = documentKey(tenant, collection, from);
    let start: Item | undefined;
    do {
      const limit = query.limit + 1;
      const page = await this.#api.query({ table: this.#table, pk, from, to, backward, limit, start });
      if (!page.ok) return page;
      for (const item of page.value.items) {
        const id = textIn(item, "sk") ?? "";
        const document = documentIn(item);
        if (document !== null && isWithin(range, id)) listed.push({ id, ...document });
      }
      start = page.value.next;
    } while (start !== undefined && listed.length < query.limit);
    return { ok: true, value: listed.slice(0, query.limit) };
  }
}

function documentIn(item: Item): StoredDocument | null {
  const bytes = bytesIn(item, "docRow");
  return bytes === undefined ? null : { value: fromJsonBytes(bytes), version: numberIn(item, "version") ?? 0 };
}
