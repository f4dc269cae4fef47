import { decodeEntries, encodeEntries } from "../../src/actors/log-codec.ts";
import type { RoomRequest } from "../../src/actors/request.ts";
import type { RoomMessage } from "../../src/actors/room/room-actor.ts";
import type { Outcome as RoomOutcome } from "../../src/actors/room/room-answers.ts";
import type { RoomAddress } from "../../src/actors/address.ts";
import type { ShardEnv } from "../../src/actors/shard-env.ts";
import { type Seq, seqOfMessageId } from "../../src/base/ids.ts";
import { DuplicateWindow } from "../../src/domain/room/duplicate-window.ts";
import type { LogEvent } from "../../src/domain/room/events.ts";
import { heldKey } from "../../src/domain/room/moderation-items.ts";
import type { Socket } from "../../src/edge/ports.ts";
import type { LogConsumer } from "../../src/followers/log-consumer.ts";
import type { Outcome } from "../../src/integrations/webhooks/webhook-sender.ts";
import type { AppendOutcome, Journal, LogKey, RowChange, Segment } from "../../src/storage/journal.ts";
import type { RoomHost } from "./sim-node.ts";
import { FEED_BUGS } from "./feed-bugs.ts";
import { MODERATION_BUGS } from "./moderation-bugs.ts";
import { NOTICE_BUGS } from "./notice-bugs.ts";
import { ackNow, inRoom, type PlantedBug, withAppend } from "./planted-parts.ts";
import { SimRoom } from "./sim-room.ts";

class AcksBeforeCommit extends SimRoom {
  protected override settleWhenCommitted(request: RoomRequest, outcome: RoomOutcome): void {
    ackNow(this.env, request, outcome);
    super.settleWhenCommitted(request, outcome);
  }
}

class AnswersDuplicatesAtOnce extends SimRoom {
  protected override settleWhenCommitted(request: RoomRequest, outcome: RoomOutcome): void {
    if (!("code" in outcome) && outcome.duplicate) ackNow(this.env, request, outcome);
    super.settleWhenCommitted(request, outcome);
  }
}

class FansOutBeforeCommit extends SimRoom {
  #shown: Seq = 0;

  constructor(env: ShardEnv, address: RoomAddress, host: RoomHost) {
    super(env, address, host);
    const publish = this.audience.publishCommitted.bind(this.audience);
    this.audience.publishCommitted = (events, after, facts) => {
      const from = Math.max(after, this.#shown);
      const unseen = events.filter((event) => event.seq > from);
      this.#shown = Math.max(this.#shown, events.at(-1)?.seq ?? 0);
      return publish(unseen, from, facts);
    };
  }

  protected override endTurn(): void {
    const { state, facts, publishedSeq } = this;
    const from = Math.max(publishedSeq, this.#shown);
    if (facts !== undefined && state.head > from && !this.audience.isEmpty) {
      this.audience.publishCommitted(state.recent.slice(from, state.head), from, facts);
    }
    super.endTurn();
  }
}

class ForgetsTheWindow extends SimRoom {
  #isNew = true;

  protected override receive(message: RoomMessage): void {
    if (this.#isNew) Object.assign(this.state, { window: new DuplicateWindow() });
    this.#isNew = false;
    super.receive(message);
  }
}

class ResumesOffByOne extends SimRoom {
  protected override receive(message: RoomMessage): void {
    if (message.to !== "room" || message.sequel.kind !== "resume") return super.receive(message);
    const { sequel } = message;
    super.receive({ ...message, sequel: { ...sequel, lastSeq: sequel.lastSeq + 1 } });
  }
}

class WritesNoFence extends SimRoom {
  protected override writeFence(): void {
    // Goes on in its predecessor's epoch.
  }
}

class CutsReplayShort extends SimRoom {
  constructor(env: ShardEnv, address: RoomAddress, host: RoomHost) {
    super(env, address, host);
    const replay = this.audience.replay.bind(this.audience);
    this.audience.replay = (connection, events, after, facts, bytesMax) => {
      const last = events.at(-1);
      return replay(connection, last?.kind === "message_sent" ? events.slice(0, -1) : events, after, facts, bytesMax);
    };
  }
}

class LeavesAnswersOpen extends SimRoom {
  constructor(env: ShardEnv, address: RoomAddress, host: RoomHost) {
    super(env, address, host);
    this.assistant.endOpen = (then) => then();
  }
}

class ApprovesAgain extends SimRoom {
  /** What was dealt with waits again as soon as somebody decides about it. */
  protected override receive(message: RoomMessage): void {
    if (message.to === "room" && message.command.kind === "resolve_held") {
      const seq = seqOfMessageId(message.command.heldId) ?? 0;
      const held = this.state.recent.get(seq);
      if (held?.kind === "message_held") this.state.items.set(heldKey(seq), { ...held, author: held.by }, seq);
    }
    super.receive(message);
  }
}

class ForgetsItsRules extends SimRoom {
  #isNew = true;

  protected override receive(message: RoomMessage): void {
    if (this.#isNew && this.state.moderation !== undefined) Object.assign(this.state.moderation, { rules: [] });
    this.#isNew = false;
    super.receive(message);
  }
}

class TellsEverybodyWhatWaits extends SimRoom {
  protected override receive(message: RoomMessage): void {
    if (message.to === "room") this.state.staff = [...new Set([...this.state.staff, message.by.userId])];
    super.receive(message);
  }
}

/** Takes silence for a no: the requests are refused while the put may still land. */
function givesUpTooEarly(journal: Journal): Journal {
  return withAppend(journal, (log, segment, rows, done) =>
    journal.append(log, segment, rows, (outcome) => done(outcome === "unknown" ? "full" : outcome)),
  );
}

/** Puts the second half of a segment before the first half is known to be there. */
function pipelines(journal: Journal): Journal {
  return withAppend(journal, (log, segment, rows, done) => {
    const events = decodeEntries(segment.firstSeq, segment.entries);
    if (events.length < 2) return journal.append(log, segment, rows, done);
    const middle = Math.ceil(events.length / 2);
    const outcomes: AppendOutcome[] = [];
    const answered = (outcome: AppendOutcome): void => {
      outcomes.push(outcome);
      if (outcomes.length === 2) done(outcomes.find((one) => one !== "written") ?? "written");
    };
    put(journal, log, { ...segment, ...partOf(events.slice(0, middle), segment, events) }, rows, answered);
    const rest = { ...segment, ...partOf(events.slice(middle), segment, events), batchId: `${segment.batchId}b` };
    put(journal, log, rest, [], answered);
  });
}

function put(
  journal: Journal,
  log: LogKey,
  segment: Segment,
  rows: readonly RowChange[],
  done: (outcome: AppendOutcome) => void,
): void {
  journal.append(log, segment, rows, done);
}

function partOf(
  part: readonly LogEvent[],
  whole: Segment,
  all: readonly LogEvent[],
): Pick<Segment, "firstSeq" | "lastSeq" | "messageCount" | "entries"> {
  const first = part[0] as LogEvent;
  const last = part[part.length - 1] as LogEvent;
  const later = all.filter((event) => event.kind === "message_sent" && event.seq > last.seq).length;
  return {
    firstSeq: first.seq,
    lastSeq: last.seq,
    messageCount: whole.messageCount - later,
    entries: encodeEntries(part),
  };
}

/** A frame that a slow client did not get is forgotten. */
function forgetful(socket: Socket): Socket {
  return {
    transport: socket.transport,
    send: (data, text) => {
      const result = socket.send(data, text);
      return result === "dropped" ? "queued" : result;
    },
    subscribe: (topic, head) => socket.subscribe(topic, head),
    unsubscribe: (topic) => socket.unsubscribe(topic),
    cork: (run) => socket.cork(run),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: (reason) => socket.close(reason),
    terminate: () => socket.terminate(),
    get backlog() {
      return socket.backlog;
    },
  };
}

/** Says that it has what it has only begun to write. */
function movesAtOnce(consumer: LogConsumer): LogConsumer {
  return {
    name: consumer.name,
    skims: true,
    follows: (log) => consumer.follows?.(log) ?? true,
    flush: () => consumer.flush?.(),
    deliver: (run, done) => {
      consumer.deliver(run, () => undefined);
      consumer.flush?.();
      done("durable");
    },
  };
}

function takesEverything(): Outcome {
  return { kind: "taken", status: 200 };
}

export const PLANTED_BUGS: readonly PlantedBug[] = [
  { name: "ack before commit", plant: inRoom(AcksBeforeCommit) },
  { name: "duplicate answered before its original is committed", plant: inRoom(AnswersDuplicatesAtOnce) },
  { name: "fan-out before commit", plant: inRoom(FansOutBeforeCommit) },
  { name: "unconditional append", plant: { overwrites: true } },
  { name: "window not reloaded", plant: inRoom(ForgetsTheWindow) },
  { name: "resume off by one", plant: inRoom(ResumesOffByOne) },
  { name: "no fence", plant: inRoom(WritesNoFence) },
  { name: "ignored send = dropped", plant: { parts: { wrapSocket: forgetful, closesSlowSockets: false } } },
  { name: "rejection while the put may still land", plant: { parts: { wrapJournal: givesUpTooEarly } } },
  { name: "pipelined appends", plant: { parts: { wrapJournal: pipelines } } },
  { name: "replay cut short", plant: inRoom(CutsReplayShort) },
  { name: "a held message approved twice", plant: inRoom(ApprovesAgain) },
  { name: "rules not reloaded", plant: inRoom(ForgetsItsRules) },
  { name: "everybody told of what is held", plant: inRoom(TellsEverybodyWhatWaits) },
  { name: "feed's place moved before its entry is durable", plant: { parts: { wrapConsumer: movesAtOnce } } },
  { name: "webhook's place moved whatever the answer", plant: { parts: { wrapOutcome: takesEverything } } },
  { name: "answers of a former activation left open", plant: inRoom(LeavesAnswersOpen) },
  ...MODERATION_BUGS,
  ...FEED_BUGS,
  ...NOTICE_BUGS,
];
