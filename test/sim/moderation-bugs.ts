/** A planted bug for each part of rule 13: a check that has never been seen to fail proves nothing by its silence. */
import type { RoomAddress } from "../../src/actors/address.ts";
import type { ActorMessage } from "../../src/actors/messages.ts";
import type { RoomMessage } from "../../src/actors/room/room-actor.ts";
import type { ShardEnv } from "../../src/actors/shard-env.ts";
import { seqOfMessageId, type UserId } from "../../src/base/ids.ts";
import type { ModerationRule } from "../../src/domain/moderation/rules.ts";
import { HELD, heldKey } from "../../src/domain/room/moderation-items.ts";
import type { Journal } from "../../src/storage/journal.ts";
import { ackNow, inRoom, type PlantedBug, type RoomClass, withAppend } from "./planted-parts.ts";
import type { RoomHost } from "./sim-node.ts";
import { SimRoom } from "./sim-room.ts";

type ToRoom = Extract<RoomMessage, { readonly to: "room" }>;

/** A room to which requests come as somebody changed them. */
function hearing(change: (message: ToRoom, room: SimRoom) => ToRoom): RoomClass {
  return class extends SimRoom {
    protected override receive(message: RoomMessage): void {
      super.receive(message.to === "room" ? change(message, this) : message);
    }
  };
}

/** A room that judges by other rules than stand in its log. */
function judgingBy(change: (rules: readonly ModerationRule[]) => readonly ModerationRule[]): RoomClass {
  return hearing((message, { state }) => {
    const { moderation } = state;
    const rules = change(moderation?.rules ?? []);
    if (moderation !== undefined && rules.length !== moderation.rules.length)
      state.moderation = { ...moderation, rules };
    return message;
  });
}

function without(action: ModerationRule["action"]): RoomClass {
  return judgingBy((rules) => rules.filter((rule) => rule.action !== action));
}

const HoldsWhatNobodyMinds = judgingBy((rules) =>
  rules.length === 0 || rules.some(({ id }) => id === "all")
    ? rules
    : [...rules, { id: "all", action: "hold", words: ["says"] }],
);

/** Whoever asks for this may. */
function allowing(isIt: (message: ToRoom) => boolean): RoomClass {
  return hearing((message) => {
    if (!isIt(message)) return message;
    const by = { ...message.by, role: "admin" } as const;
    return { ...message, by, command: { ...message.command, by } };
  });
}

const LetsAnybodyDecide = allowing(({ command }) => command.kind === "resolve_held");
const ShowsItsQueueToAll = allowing(({ sequel }) => sequel.kind === "moderation");

const HidesItsQueue = hearing((message) => {
  if (message.sequel.kind !== "moderation") return message;
  const by = { ...message.by, userId: "nobody" as UserId };
  return { ...message, by, command: { ...message.command, by } };
});

const ShowsHalfItsQueue = hearing((message) => {
  const { sequel } = message;
  if (sequel.kind !== "moderation" || !("limit" in sequel.ask)) return message;
  return { ...message, sequel: { ...sequel, ask: { ...sequel.ask, limit: 1 } } };
});

const PublishesOtherWords = hearing((message, { state }) => {
  const { command } = message;
  if (command.kind !== "resolve_held") return message;
  const seq = seqOfMessageId(command.heldId) ?? 0;
  const held = state.recent.get(seq);
  if (held?.kind !== "message_held") return message;
  const words = { ...held.message, content: "something else" };
  state.items.set(heldKey(seq), { ...held, heldAt: held.timestamp, author: held.by, message: words }, seq);
  return message;
});

class AcksAsIfPublished extends SimRoom {
  #waiting: readonly Parameters<SimRoom["settleWhenCommitted"]>[] = [];

  protected override settleWhenCommitted(...[request, outcome]: Parameters<SimRoom["settleWhenCommitted"]>): void {
    const isHeld = !("code" in outcome) && this.state.recent.get(outcome.seq)?.kind === "message_held";
    if (isHeld && request.command.kind === "send_message") this.#waiting = [...this.#waiting, [request, outcome]];
    else super.settleWhenCommitted(request, outcome);
  }

  protected override committed(...[events, after]: Parameters<SimRoom["committed"]>): void {
    super.committed(events, after);
    const [due, rest] = [this.#waiting, []];
    this.#waiting = rest;
    for (const [request, outcome] of due) ackNow(this.env, request, outcome);
  }
}

/** The other decision than was taken. */
function turned(message: ActorMessage): ActorMessage {
  if (!("kind" in message) || message.kind !== "moderation" || message.notice.kind !== "approved") return message;
  return { ...message, notice: { ...message.notice, kind: "rejected" } };
}

class TellsTheOtherDecision extends SimRoom {
  constructor(env: ShardEnv, address: RoomAddress, host: RoomHost) {
    const tell: ShardEnv["tell"] = (to, message) => env.tell(to, turned(message));
    super(Object.assign(Object.create(env) as ShardEnv, { tell }), address, host);
  }
}

/** What was decided about stays in the queue. */
function keepsHeldRows(journal: Journal): Journal {
  return withAppend(journal, (log, segment, rows, done) => {
    const kept = rows.filter((row) => !(row.kind === "item" && row.value === null && row.collection === HELD));
    journal.append(log, segment, kept, done);
  });
}

const IN_ROOM: readonly (readonly [name: string, Room: RoomClass, rule: string, says: string])[] = [
  ["what is to be held is published", without("hold"), "13 moderation", "should have been held"],
  ["what is to be refused is published", without("reject"), "13 moderation", "should have been refused"],
  ["what is to be masked is published", without("replace"), "13 moderation", "should have been masked"],
  ["what is to be reported is not", without("flag"), "13 moderation", "should have been reported"],
  ["what nobody minds is held", HoldsWhatNobodyMinds, "13 moderation", "was nothing to hold"],
  ["anybody decides about what is held", LetsAnybodyDecide, "13 moderation", "held_resolved by"],
  ["other words published than were held", PublishesOtherWords, "13 moderation", "is not followed by"],
  ["what waits acked as if it were published", AcksAsIfPublished, "13 acked", "and it was held"],
  ["told the other decision", TellsTheOtherDecision, "13 told", "was told"],
  ["the queue shown to anybody", ShowsItsQueueToAll, "13 queue", "is no moderator"],
  ["the queue hidden from moderators", HidesItsQueue, "13 queue", "a moderator was refused"],
  ["half of the queue shown", ShowsHalfItsQueue, "13 queue", "and there wait"],
];

export const MODERATION_BUGS: readonly PlantedBug[] = [
  ...IN_ROOM.map(([name, Room, rule, says]) => ({ name, plant: inRoom(Room), rule, says })),
  {
    name: "what was decided about stays in its row",
    plant: { parts: { wrapJournal: keepsHeldRows } },
    rule: "13 rows",
  },
];
