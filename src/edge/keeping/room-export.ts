/**
 * A room as lines of JSON, page by page as somebody takes them: the room, its members, its messages as REST shows them, and how
 * many there were. Nothing is read ahead of what is taken; nothing is kept.
 */
import type { MemberView } from "../../actors/calls.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import { HISTORY_PAGE_MAX, MEMBER_PAGE_MAX } from "../../base/limits.ts";
import { ok, type Result } from "../../base/result.ts";
import type { Principal } from "../../domain/principal.ts";
import { ERRORS, type Rejection } from "../../protocol/errors.ts";
import type { MessageView, RoomView } from "../../protocol/frames.ts";
import type { Engine } from "../ports.ts";
import { memberJson, messageJson, roomJson } from "../rest/views.ts";

type Line = { readonly kind: string } & Readonly<Record<string, unknown>>;

export class RoomExport {
  readonly #engine: Engine;
  readonly #principal: Principal;
  readonly #room: RoomId;

  constructor(engine: Engine, principal: Principal, room: RoomId) {
    this.#engine = engine;
    this.#principal = principal;
    this.#room = room;
  }

  /** Owners of the room, and administrators of the tenant as far as they may read it. */
  async open(): Promise<Result<RoomView, Rejection>> {
    const found = await this.#engine.call(this.#principal, { to: "room", room: this.#room, kind: "get_room" });
    if (!found.ok) return found;
    const { room, role } = found.value;
    if (role === "owner" || this.#principal.role !== "user") return ok(room);
    const message = "Exporting a room needs the role owner there, or the role admin in your tenant.";
    return { ok: false, error: { code: "forbidden", message } };
  }

  /** One page at a time. A failure on the way is the last line; without `end` it is not whole. */
  async *pages(room: RoomView): AsyncGenerator<string> {
    yield text([{ kind: "room", ...roomJson(room) }]);
    for (let after: UserId | undefined; ; ) {
      const page = await this.#members(after);
      if (!page.ok) return yield failure(page.error);
      yield text(page.value.members.map((member) => ({ kind: "member", ...memberJson(member) })));
      after = page.value.members.at(-1)?.userId;
      if (!page.value.hasMore || after === undefined) break;
    }
    let messages = 0;
    for (let after = 0; ; ) {
      const page = await this.#messages(after);
      if (!page.ok) return yield failure(page.error);
      messages += page.value.messages.length;
      yield text(page.value.messages.map((message) => ({ kind: "message", ...messageJson(message) })));
      const last = page.value.messages.at(-1);
      if (last === undefined || !page.value.hasMore) break;
      after = last.seq;
    }
    yield text([{ kind: "end", messages }]);
  }

  async #members(
    after: UserId | undefined,
  ): Promise<Result<{ readonly members: readonly MemberView[]; readonly hasMore: boolean }, Rejection>> {
    const from = after === undefined ? {} : { after };
    const call = { to: "room", room: this.#room, kind: "members", limit: MEMBER_PAGE_MAX, ...from } as const;
    const page = await this.#engine.call(this.#principal, call);
    return page.ok ? ok({ members: page.value.members, hasMore: page.value.next !== undefined }) : page;
  }

  #messages(
    after: number,
  ): Promise<Result<{ readonly messages: readonly MessageView[]; readonly hasMore: boolean }, Rejection>> {
    const call = { to: "room", room: this.#room, kind: "history", limit: HISTORY_PAGE_MAX, after } as const;
    return this.#engine.call(this.#principal, call);
  }
}

/** A stream that asks for the next page when the one before was taken, and stops when nobody wants it any more. */
export function streamOf(pages: AsyncGenerator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream(
    {
      pull: async (controller) => {
        const page = await pages.next();
        if (page.done === true) controller.close();
        else controller.enqueue(encoder.encode(page.value));
      },
      cancel: async () => {
        await pages.return(undefined);
      },
    },
    // Nothing in store.
    { highWaterMark: 0 },
  );
}

function text(lines: readonly Line[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

function failure({ code, message }: Rejection): string {
  return text([{ kind: "error", code, message: message ?? ERRORS[code].message }]);
}
