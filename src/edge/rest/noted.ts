/** What administrators did elsewhere than in a room stands in their tenant's audit log. */
import type { Result } from "../../base/result.ts";
import type { Principal } from "../../domain/principal.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { Engine } from "../ports.ts";

/** Notes the act when it was done; best effort. */
export async function noted<Value>(
  engine: Engine,
  principal: Principal,
  action: string,
  done: Result<Value, Rejection>,
  detailsOf: (value: Value) => Readonly<Record<string, string>>,
): Promise<Result<Value, Rejection>> {
  if (!done.ok) return done;
  const ask = { list: "note", action, details: detailsOf(done.value) } as const;
  await engine.call(principal, { to: "user", user: principal.userId, kind: "tenant", ask });
  return done;
}
