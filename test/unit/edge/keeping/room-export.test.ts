/** The lines of an export, page by page, from an engine that says what was asked of it. */
import { describe, expect, test } from "bun:test";
import type { Call, ReplyOf } from "../../../../src/actors/calls.ts";
import type { RoomId } from "../../../../src/base/ids.ts";
import { HISTORY_PAGE_MAX, MEMBER_PAGE_MAX } from "../../../../src/base/limits.ts";
import { err, ok, type Result } from "../../../../src/base/result.ts";
import type { Engine } from "../../../../src/edge/ports.ts";
import { RoomExport, streamOf } from "../../../../src/edge/keeping/room-export.ts";
import type { Rejection } from "../../../../src/protocol/errors.ts";
import { principalOf } from "../../../support/small-node.ts";
import { message, room } from "../fake-engine.ts";

const MEMBERS = MEMBER_PAGE_MAX + 1;
const MESSAGES = 2 * HISTORY_PAGE_MAX + 1;
const ROOM = room.roomId as RoomId;

class PagedEngine implements Engine {
  readonly asked: Call[] = [];
  /** Refuses the call with this number, from 1. */
  refusal: { readonly at: number; readonly rejection: Rejection } | undefined;
  role: "owner" | "admin" | null = "owner";

  call<C extends Call>(_by: unknown, call: C): Promise<Result<ReplyOf<C>, Rejection>> {
    this.asked.push(call);
    const { refusal } = this;
    if (refusal?.at === this.asked.length) return Promise.resolve(err(refusal.rejection));
    return Promise.resolve(ok(this.#reply(call) as ReplyOf<C>));
  }

  #reply(call: Call): object {
    if (call.kind === "get_room") return { room, role: this.role, unread: 0, mentions: 0 };
    if (call.kind === "members") {
      const from = call.after === undefined ? 1 : Number(call.after.slice(1)) + 1;
      const members = range(from, MEMBERS, call.limit).map((no) => ({
        userId: `u${String(no).padStart(5, "0")}`,
        role: "member",
        joinedAt: 0,
        isOnline: false,
      }));
      return { members, total: MEMBERS, ...(from + call.limit <= MEMBERS && { next: "more" }) };
    }
    if (call.kind !== "history") throw new Error(`nobody asks for ${call.kind}`);
    const messages = range((call.after ?? 0) + 1, MESSAGES, call.limit).map((seq) => ({ ...message, seq }));
    return { messages, hasMore: (messages.at(-1)?.seq ?? MESSAGES) < MESSAGES };
  }
}

function range(from: number, to: number, limit: number): number[] {
  return Array.from({ length: Math.max(0, Math.min(limit, to - from + 1)) }, (_, i) => from + i);
}

function linesOf(text: string): { readonly kind: string; readonly seq?: number; readonly messages?: number }[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

describe("an export over REST", () => {
  const streamFrom = async (engine: PagedEngine) => {
    const exported = new RoomExport(engine, principalOf("ann"), ROOM);
    const opened = await exported.open();
    if (!opened.ok) throw new Error(opened.error.code);
    return streamOf(exported.pages(opened.value));
  };

  test("has the room, each member and each message once and in order, and how many there were", async () => {
    const lines = linesOf(await new Response(await streamFrom(new PagedEngine())).text());
    expect(lines[0]?.kind).toBe("room");
    expect(lines.filter(({ kind }) => kind === "member")).toHaveLength(MEMBERS);
    const seqs = lines.filter(({ kind }) => kind === "message").map(({ seq }) => seq);
    expect(seqs).toEqual(range(1, MESSAGES, MESSAGES));
    expect(lines.at(-1)).toEqual({ kind: "end", messages: MESSAGES });
  });

  test("asks for the next page when the one before was taken, and for none when nobody wants it", async () => {
    const engine = new PagedEngine();
    const reader = (await streamFrom(engine)).getReader();
    expect(engine.asked).toHaveLength(1);
    for (const asked of [1, 2, 3, 4]) {
      await reader.read();
      expect(engine.asked).toHaveLength(asked);
    }
    await reader.cancel();
    expect(engine.asked).toHaveLength(4);
  });

  test("that fails on the way says so in its last line, and has no end", async () => {
    const engine = new PagedEngine();
    engine.refusal = { at: 5, rejection: { code: "unavailable" } };
    const lines = linesOf(await new Response(await streamFrom(engine)).text());
    expect(lines.at(-1)).toMatchObject({ kind: "error", code: "unavailable" });
    expect(lines.some(({ kind }) => kind === "end")).toBe(false);
  });

  test("is for owners, and for administrators of the tenant as far as they may read the room", async () => {
    const engine = new PagedEngine();
    engine.role = "admin";
    const open = (role: "user" | "admin") => new RoomExport(engine, principalOf("ann", role), ROOM).open();
    expect(await open("user")).toMatchObject({ error: { code: "forbidden" } });
    engine.role = null;
    expect(await open("admin")).toMatchObject({ ok: true });
    engine.refusal = { at: 3, rejection: { code: "room_not_found" } };
    expect(await open("admin")).toMatchObject({ error: { code: "room_not_found" } });
  });
});
