/**
 * One connection that keeps several rooms of its own busy: a message in each every so often, the next one when the last
 * was acked. Every delivery is checked.
 * Invariant: a message that was refused for a while is sent again with the same key until it is acked.
 */
import { SUBPROTOCOLS } from "../../src/protocol/codec.ts";
import type { AckFrame, ErrorFrame, EventsFrame } from "../../src/protocol/frames.ts";
import { tokenFor } from "../load/token.ts";
import { SECRET } from "../processes.ts";

/** A store that does not answer holds messages back for as long. */
const ANSWER_MS_MAX = 60_000;
const RETRY_MS = 100;

type Answer = AckFrame | ErrorFrame;

interface Room {
  readonly name: string;
  sent: number;
  acked: number;
  /** When the message under way was due; 0: none is. */
  dueMs: number;
  ackedMs: number;
  seen: number;
  head: number;
}

/** The longest in one phase, over all rooms that share it. */
export class Longest {
  waitMs = 0;
  gapMs = 0;
  acks = 0;
  retries = 0;

  acked(waitMs: number, gapMs: number): void {
    this.acks += 1;
    this.waited(waitMs, gapMs);
  }

  waited(waitMs: number, gapMs: number): void {
    this.waitMs = Math.max(this.waitMs, waitMs);
    this.gapMs = Math.max(this.gapMs, gapMs);
  }
}

export class Talker {
  readonly complaints: string[] = [];
  faults = 0;
  readonly #socket: WebSocket;
  readonly #rooms: Room[];
  readonly #longest: () => Longest;
  readonly #answers = new Map<string | number, (answer: Answer) => void>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #stopping = false;

  private constructor(socket: WebSocket, names: readonly string[], longest: () => Longest) {
    this.#socket = socket;
    this.#longest = longest;
    this.#rooms = names.map((name) => ({ name, sent: 0, acked: 0, dueMs: 0, ackedMs: 0, seen: 0, head: 0 }));
    socket.addEventListener("message", ({ data }) => this.#receive(JSON.parse(String(data)) as { type: string }));
    socket.addEventListener("close", ({ code }) => {
      if (!this.#stopping) this.#complain(`closed with ${code}`);
    });
  }

  /** Connects and makes the rooms, a few at a time. */
  static async start(port: number, user: string, names: readonly string[], longest: () => Longest): Promise<Talker> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`, {
      headers: { authorization: `Bearer ${tokenFor({ sub: user, name: user }, SECRET)}` },
      protocols: [SUBPROTOCOLS.json],
    });
    const talker = new Talker(socket, names, longest);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      socket.addEventListener("error", () => reject(new Error(`${user} could not connect`)));
    });
    return talker;
  }

  /** Makes its rooms one after another until it is late; how many there are then. */
  async create(deadlineMs: number): Promise<number> {
    for (const [made, room] of this.#rooms.entries()) {
      if (performance.now() > deadlineMs) return made;
      const frame = {
        type: "create_room",
        ref: `create ${room.name}`,
        roomId: room.name,
        name: "Bench",
        roomType: "private",
      };
      let answer = await this.#ask(frame);
      while (answer.type === "error" && answer.temporary && performance.now() < deadlineMs) {
        await Bun.sleep(answer.retryAfterMs ?? RETRY_MS);
        answer = await this.#ask(frame);
      }
      // The first try was done after all.
      if (answer.type === "error" && answer.code === "room_exists") continue;
      if (answer.type === "error") throw new Error(`${room.name} was not made: ${answer.code} ${answer.message}`);
      room.head = answer.position?.head ?? 0;
    }
    return this.#rooms.length;
  }

  /** The rooms begin at times of their own within the first period. */
  talk(periodMs: () => number, random: () => number): void {
    for (const room of this.#rooms) {
      room.ackedMs = performance.now();
      this.#later(random() * periodMs(), () => this.#say(room, periodMs));
    }
  }

  /** What is still unanswered counts until now. */
  lookAtUnanswered(): void {
    const now = performance.now();
    for (const { dueMs, ackedMs } of this.#rooms) if (dueMs > 0) this.#longest().waited(now - dueMs, now - ackedMs);
  }

  /** Sends nothing new, waits for what is under way, and says how many deliveries are missing. */
  async finish(): Promise<void> {
    this.#stopping = true;
    const deadlineMs = performance.now() + ANSWER_MS_MAX;
    const isDone = () => this.#rooms.every((room) => room.dueMs === 0 && room.seen === room.sent);
    while (!isDone() && performance.now() < deadlineMs) await Bun.sleep(20);
    for (const room of this.#rooms) {
      const missing = Math.max(room.sent - room.seen, room.sent - room.acked);
      if (missing > 0) this.#complain(`${room.name}: ${missing} messages without ack or delivery`, missing);
    }
    this.close();
  }

  close(): void {
    this.#stopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#socket.close();
  }

  #later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      act();
    }, ms);
    this.#timers.add(timer);
  }

  #say(room: Room, periodMs: () => number): void {
    if (this.#stopping) return;
    room.sent += 1;
    room.dueMs = performance.now();
    const number = room.sent;
    const clientId = `m${number}`;
    const frame = { type: "send_message", roomId: room.name, clientId, content: String(number) };
    const attempt = (tries: number): void => {
      void this.#ask({ ...frame, ref: `${room.name} ${number} ${tries}` }).then(
        (answer) => {
          if (answer.type === "ack") this.#acked(room, periodMs);
          else if (answer.temporary) {
            this.#longest().retries += 1;
            this.#later(answer.retryAfterMs ?? RETRY_MS, () => attempt(tries + 1));
          } else this.#complain(`${room.name}: ${answer.code} ${answer.message}`);
        },
        (error: Error) => this.#complain(`${room.name}: ${error.message}`),
      );
    };
    attempt(1);
  }

  #acked(room: Room, periodMs: () => number): void {
    const now = performance.now();
    const waitMs = now - room.dueMs;
    this.#longest().acked(waitMs, now - room.ackedMs);
    room.acked += 1;
    room.dueMs = 0;
    room.ackedMs = now;
    this.#later(Math.max(0, periodMs() - waitMs), () => this.#say(room, periodMs));
  }

  #ask(frame: { readonly type: string; readonly ref: string; readonly [field: string]: unknown }): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${frame.type} was not answered`)), ANSWER_MS_MAX);
      this.#answers.set(frame.ref, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.#socket.send(JSON.stringify(frame));
    });
  }

  #receive(frame: { readonly type: string }): void {
    if (frame.type === "ack" || frame.type === "error") {
      const answer = frame as Answer;
      const waiting = this.#answers.get(answer.ref ?? "");
      if (waiting === undefined) {
        if (answer.type === "error") this.#complain(`${answer.code}: ${answer.message}`);
        return;
      }
      this.#answers.delete(answer.ref ?? "");
      waiting(answer);
    } else if (frame.type === "events") this.#events(frame as EventsFrame);
    else if (frame.type === "reconnect") this.#complain("was asked to reconnect");
  }

  #events({ roomId, after, head, events }: EventsFrame): void {
    const room = this.#rooms.find(({ name }) => name === roomId);
    if (room === undefined) return this.#complain(`events of ${roomId}`);
    if (room.head > 0 && after > room.head) this.#complain(`${roomId}: events after ${after} came at ${room.head}`);
    room.head = Math.max(room.head, head);
    for (const event of events) {
      if (event.type !== "new_message") continue;
      const number = Number(event.message.content);
      if (number !== room.seen + 1) this.#complain(`${roomId}: message ${number} came after ${room.seen}`);
      room.seen = Math.max(room.seen, number);
    }
  }

  #complain(what: string, faults = 1): void {
    this.faults += faults;
    this.complaints.push(what);
  }
}
