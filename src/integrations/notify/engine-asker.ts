/** The engine as whoever sends notifications asks it: calls of the engine itself, about one tenant, as promises. */
import type { Call, ReplyOf } from "../../actors/calls.ts";
import type { NotifyAsk, NotifyReply, RoomNotifyAsk, RoomNotifyReply } from "../../actors/notify-calls.ts";
import type { RoomId, TenantId, UserId } from "../../base/ids.ts";
import { ENGINE_USER, engineOf } from "../../domain/principal.ts";
import type { Result } from "../../base/result.ts";
import type { EngineAsk } from "../../followers/engine-calls.ts";
import type { Rejection } from "../../protocol/errors.ts";
import type { ListedDocument } from "../../storage/projections.ts";

/** Its name in logs and audit entries. */

export class EngineAsker {
  readonly #engine: Pick<EngineAsk, "call">;

  constructor(engine: Pick<EngineAsk, "call">) {
    this.#engine = engine;
  }

  person(tenant: TenantId, userId: UserId, ask: NotifyAsk): Promise<Result<NotifyReply, Rejection>> {
    return this.#ask(tenant, { to: "user", user: userId, kind: "notify", ask }, userId);
  }

  room(tenant: TenantId, room: RoomId, ask: RoomNotifyAsk): Promise<Result<RoomNotifyReply, Rejection>> {
    return this.#ask(tenant, { to: "room", room, kind: "notify", ask });
  }

  /** `undefined`: not to be had now. */
  async documents(
    tenant: TenantId,
    collection: string,
    page: { readonly after?: string; readonly limit: number },
  ): Promise<readonly ListedDocument[] | undefined> {
    const ask = { do: "documents", collection, ...page } as const;
    const read = await this.#ask(tenant, { to: "user", user: ENGINE_USER, kind: "keep", ask });
    return read.ok ? (read.value.documents ?? []) : undefined;
  }

  #ask<C extends Call>(tenant: TenantId, call: C, userId = ENGINE_USER): Promise<Result<ReplyOf<C>, Rejection>> {
    return this.#engine.call({ ...engineOf(tenant), userId }, call);
  }
}
