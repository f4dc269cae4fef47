/** Reads, changes and writes one document, again when somebody else was in between. Invariant: nobody's change is lost. */
import type { TenantId } from "../base/ids.ts";
import { DOCUMENT_ROUNDS_MAX } from "../base/limits.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { Rejection } from "../protocol/errors.ts";
import type { Projections } from "../storage/projections.ts";
import type { Later } from "./actor.ts";
import { afterCollision, type Collisions } from "./collisions.ts";

export interface DocumentPlace {
  readonly tenant: TenantId;
  readonly collection: string;
  readonly id: string;
}

const RETRY_MS = 500;

/** `change` says what is to stand there (`null`: nothing), or why not; what it says again is not written. */
export function changeDocument(
  env: Collisions & { readonly projections: Pick<Projections, "readDocument" | "writeDocument"> },
  { tenant, collection, id }: DocumentPlace,
  change: (value: object | undefined) => Result<object | null, Rejection>,
  later: Later,
  done: (result: Result<true, Rejection>) => void,
  round = 1,
): void {
  const unavailable = (): void => done(err({ code: "unavailable", retryAfterMs: RETRY_MS }));
  const { projections } = env;
  projections.readDocument(
    tenant,
    collection,
    id,
    later((read) => {
      if (!read.ok) return unavailable();
      const present = read.value?.value;
      const next = change(present);
      if (!next.ok) return done(next);
      if (next.value === (present ?? null)) return done(ok(true));
      projections.writeDocument(
        tenant,
        collection,
        id,
        next.value,
        read.value?.version ?? 0,
        later((written) => {
          if (!written.ok) return unavailable();
          if (written.value === "written") return done(ok(true));
          if (round >= DOCUMENT_ROUNDS_MAX) return unavailable();
          const again = (): void => changeDocument(env, { tenant, collection, id }, change, later, done, round + 1);
          afterCollision(env, round, later(again));
        }),
      );
    }),
  );
}
