import { describe, expect, test } from "bun:test";
import type { MessageId, UserId } from "../../../../src/base/ids.ts";
import { BLOCKS_KEPT_MS_MAX } from "../../../../src/base/limits.ts";
import { apply } from "../../../../src/domain/room/apply.ts";
import type { RoomCommand } from "../../../../src/domain/room/commands.ts";
import { decide } from "../../../../src/domain/room/decide.ts";
import type { BlockMark, Decision } from "../../../../src/domain/room/decision.ts";
import { emptyRoomState } from "../../../../src/domain/room/empty-state.ts";
import type { RoomType } from "../../../../src/domain/room/vocabulary.ts";
import { settingsOf, START_MS, user } from "./room-driver.ts";

const ANN = user("ann");
const BOB = user("bob");
const EVE = user("eve");
const token = (): string => "drawn";

/** A room of Ann and Bob, made by Ann, and what is known of block lists. */
class Pair {
  readonly state = emptyRoomState();
  readonly blocks = new Map<UserId, BlockMark>();
  now = START_MS;
  #keys = 0;

  constructor(type: RoomType = "direct") {
    this.blocks.set(ANN.userId, { isBlocked: false, at: START_MS });
    this.do(this.create(ANN, [BOB.userId], type));
  }

  create(by: typeof ANN, participants: readonly UserId[], type: RoomType = "direct"): RoomCommand {
    return { kind: "create_room", by, clientId: this.key(), settings: settingsOf(type), participants };
  }

  say(by: typeof ANN, content = "hello"): RoomCommand {
    return { kind: "send_message", by, clientId: this.key(), content, messageType: "text" };
  }

  key(): string {
    this.#keys += 1;
    return `k${this.#keys}`;
  }

  do(command: RoomCommand): Decision {
    const decision = decide(this.state, command, { now: this.now, messageLengthMax: 50, token, blocks: this.blocks });
    if (decision.kind === "accept") for (const event of decision.events) apply(this.state, event);
    return decision;
  }

  block(by: UserId, isBlocked = true): void {
    this.blocks.set(by, { isBlocked, at: this.now });
  }
}

const NEEDS_BOB: Decision = { kind: "need", keys: { members: [], messages: [], blocks: { user: BOB.userId } } };

describe("in a room of two", () => {
  test("whoever writes is looked up first, and again when what is known is old", () => {
    const pair = new Pair();
    expect(pair.do(pair.say(BOB))).toEqual(NEEDS_BOB);
    pair.block(BOB.userId, false);
    expect(pair.do(pair.say(BOB))).toMatchObject({ kind: "accept" });
    pair.now += BLOCKS_KEPT_MS_MAX;
    expect(pair.do(pair.say(BOB))).toMatchObject({ kind: "accept" });
    pair.now += 1;
    expect(pair.do(pair.say(BOB))).toEqual(NEEDS_BOB);
    pair.now = START_MS - BLOCKS_KEPT_MS_MAX - 1;
    expect(pair.do(pair.say(BOB))).toEqual(NEEDS_BOB);
  });

  test("the blocked one writes nothing in any way, in the same words, and the other one goes on", () => {
    const pair = new Pair();
    pair.block(BOB.userId, false);
    pair.do(pair.say(BOB, "before"));
    pair.block(BOB.userId);
    const messageId = `msg_${pair.state.head}` as MessageId;
    const key = { by: BOB, clientId: "x" };
    const tries: readonly RoomCommand[] = [
      pair.say(BOB),
      { kind: "edit_message", ...key, messageId, content: "changed" },
      { kind: "react", ...key, messageId, emoji: "👍", add: true },
      { kind: "pin_message", ...key, messageId },
      { kind: "set_typing", by: BOB, isTyping: true },
    ];
    const answers = tries.map((command) => pair.do(command));
    for (const answer of answers) expect(answer).toEqual(answers[0] as Decision);
    expect(answers[0]).toMatchObject({ kind: "reject", rejection: { code: "forbidden" } });
    expect(pair.do(pair.say(ANN))).toMatchObject({ kind: "accept" });
  });

  test("the blocked one may read, mark, and delete what they wrote", () => {
    const pair = new Pair();
    pair.block(BOB.userId, false);
    pair.do(pair.say(BOB, "before"));
    pair.block(BOB.userId);
    const messageId = `msg_${pair.state.head}` as MessageId;
    const key = { by: BOB, clientId: "x" };
    expect(pair.do({ kind: "check_read", by: BOB }).kind).toBe("accept");
    expect(pair.do({ kind: "mark_read", by: BOB, seq: 1 }).kind).toBe("accept");
    expect(pair.do({ kind: "delete_message", ...key, messageId }).kind).toBe("accept");
    expect(pair.do(pair.create(BOB, [ANN.userId])).kind).toBe("accept");
  });

  test("what was accepted before the block is answered as it was then", () => {
    const pair = new Pair();
    pair.block(BOB.userId, false);
    const command = pair.say(BOB);
    pair.do(command);
    pair.block(BOB.userId);
    expect(pair.do(command).kind).toBe("duplicate");
  });

  test("a stranger learns nothing: there is no such room", () => {
    const pair = new Pair();
    pair.state.members.learn(EVE.userId, null);
    pair.block(EVE.userId);
    expect(pair.do(pair.say(EVE))).toMatchObject({ kind: "reject", rejection: { code: "room_not_found" } });
  });
});

test("a direct room is not made by somebody whom the other one has blocked, who is asked for by name", () => {
  const pair = new Pair();
  const empty = emptyRoomState();
  const create = pair.create(BOB, [ANN.userId]);
  const context = { now: START_MS, messageLengthMax: 50, token };
  const blocks = { user: BOB.userId, by: [ANN.userId] };
  expect(decide(empty, create, { ...context, blocks: new Map() })).toMatchObject({ kind: "need", keys: { blocks } });
  const blocked = new Map([[BOB.userId, { isBlocked: true, at: START_MS }]]);
  expect(decide(empty, create, { ...context, blocks: blocked })).toMatchObject({ rejection: { code: "forbidden" } });
});

test("other rooms ask for no block list", () => {
  for (const type of ["public", "private", "group", "support"] as const) {
    const pair = new Pair(type);
    expect(pair.do(pair.say(BOB)).kind).toBe("accept");
    expect(pair.do(pair.say(ANN)).kind).toBe("accept");
  }
});
