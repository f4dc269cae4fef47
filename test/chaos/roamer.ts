/**
 * A person who uses several nodes as a good client does: notices that a node is gone or silent, goes to another one,
 * resumes every room until it is told that it listens again, tries again what was refused for now or not answered.
 * Invariant: until `leave` it is connected or on its way to be, and never gives a message up.
 */
import { patiently } from "./patience.ts";
import { SeededRandom } from "../../src/base/prng.ts";
import type { TestClient } from "../support/client.ts";
import { at, listAt, textAt } from "../support/json.ts";
import type { Frame, WireName } from "../support/wire.ts";
import { Person, type Place } from "./person.ts";
import type { Witness } from "./verdict.ts";

const WATCH_MS = 500;
/** Silence after which a client asks for a sign of life, and after which it goes. */
const PING_AFTER_MS = 2_000;
const SILENCE_MS_MAX = 5_000;
/** A request without any answer for so long on an open connection is sent again. */
const ANSWER_MS_MAX = 10_000;
const RETRY_MS = 200;
const RETRY_MS_MAX = 1_000;
const RESUME_MS_MAX = 15_000;
/** What temporary means for a resume that was answered by an error in words of a position. */
const TEMPORARY = ["unavailable", "overloaded", "shutting_down", "rate_limited", "storage_full"];

export interface RoamerOptions {
  readonly userId: string;
  readonly wire: WireName;
  readonly rooms: readonly string[];
  readonly places: readonly Place[];
  /** Index of the first place to go to. */
  readonly home: number;
  readonly seed: number;
}

export class Roamer {
  readonly person: Person;
  readonly rooms: readonly string[];
  /** Requests that an open connection left without an answer for `ANSWER_MS_MAX`, in words. */
  readonly unanswered: string[] = [];
  moves = 0;
  /** The last word of each room's state: who is there. */
  readonly present = new Map<string, readonly string[]>();
  readonly #places: readonly Place[];
  readonly #random: SeededRandom;
  #place: number;
  #client: TestClient | undefined;
  #isGone = false;
  #lastFrameMs = 0;
  #delayMs = 0;
  /** Rooms in which the connection listens. */
  readonly #listening = new Set<string>();
  #watch: ReturnType<typeof setInterval> | undefined;
  #life: Promise<void> = Promise.resolve();

  constructor({ userId, wire, rooms, places, home, seed }: RoamerOptions) {
    this.#places = places;
    this.#place = home;
    this.#random = new SeededRandom(seed);
    this.rooms = rooms;
    const first = places[home];
    if (first === undefined) throw new Error(`there is no place ${home}`);
    this.person = new Person(first, userId, wire, (frame) => this.#heard(frame));
  }

  get userId(): string {
    return this.person.userId;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Index of the node that it is connected to, or was last. */
  get place(): number {
    return this.#place;
  }

  /** Connects, joins the rooms, and goes on by itself from then. */
  async arrive(): Promise<void> {
    this.#client = await patiently(() => this.person.open(this.#here()));
    for (const roomId of this.rooms) await this.#join(this.#client, roomId);
    this.#lastFrameMs = performance.now();
    this.#watch = setInterval(() => this.#look(), WATCH_MS);
    this.#life = this.#live();
  }

  say(roomId: string): void {
    this.person.say(roomId);
  }

  /** Goes for good: without a word, or with a close frame. */
  async leave(how: "cut" | "close"): Promise<void> {
    this.#isGone = true;
    clearInterval(this.#watch);
    if (how === "cut") this.#client?.terminate();
    else void this.#client?.close();
    await this.#life;
  }

  /** Connected, and listening in every room. */
  get isSettled(): boolean {
    return this.#client?.isOpen === true && this.rooms.every((roomId) => this.#listening.has(roomId));
  }

  /** Asks anew who is in every room; `false` when there was no full answer. */
  async askPresent(msMax: number): Promise<boolean> {
    const client = this.#client;
    if (client?.isOpen !== true) return false;
    return (await this.#resume(client, new Set(this.rooms), msMax)).size === 0;
  }

  witness(): Witness {
    const { userId, acked, rooms, faults } = this.person;
    return { userId, memberOf: this.rooms, left: this.#isGone, acked: [...acked.values()], rooms, faults };
  }

  async #join(client: TestClient, roomId: string): Promise<void> {
    const reply = await this.#position(client, roomId);
    this.#listening.add(roomId);
    this.#takePresent(at(reply, "position"));
  }

  /** A refusal that passes is asked again, as every client does: the room may just be moving. */
  async #position(client: TestClient, roomId: string): Promise<Frame> {
    const endMs = performance.now() + RESUME_MS_MAX;
    for (;;) {
      const reply = await client.request({ type: "join_room", roomId });
      if (reply.type !== "error") return reply;
      if (reply["temporary"] !== true || performance.now() > endMs) throw new Error(JSON.stringify(reply));
      await Bun.sleep(Number(reply["retryAfterMs"] ?? RETRY_MS));
    }
  }

  async #live(): Promise<void> {
    while (!this.#isGone) {
      await this.#client?.closed;
      this.#listening.clear();
      await Bun.sleep(this.#delayMs + this.#jitter(RETRY_MS));
      this.#delayMs = 0;
      if (this.#isGone) return;
      this.moves += 1;
      this.#place = (this.#place + 1 + this.#random.below(this.#places.length - 1)) % this.#places.length;
      const client = await this.person.open(this.#here()).catch(() => undefined);
      if (client === undefined) continue;
      if (this.#isGone) return client.terminate();
      this.#client = client;
      this.#lastFrameMs = performance.now();
      this.person.resend();
      void this.#subscribe(client);
    }
  }

  /** Until every room is listened to again, or the connection is gone. */
  async #subscribe(client: TestClient): Promise<void> {
    let left = new Set(this.rooms);
    while (left.size > 0 && client.isOpen) {
      left = await this.#resume(client, left, RESUME_MS_MAX);
      if (left.size > 0) await Bun.sleep(this.#jitter(RETRY_MS));
    }
  }

  /** Returns the rooms that are to be asked for again. */
  async #resume(client: TestClient, wanted: ReadonlySet<string>, msMax: number): Promise<Set<string>> {
    const left = new Set(wanted);
    const rooms = Object.fromEntries([...wanted].map((roomId) => [roomId, this.person.rooms.get(roomId)?.head ?? 0]));
    const reply = await client.request({ type: "resume", rooms }, msMax).catch(() => undefined);
    if (reply?.type !== "resumed") return left;
    for (const position of listAt(reply, "rooms")) {
      const roomId = textAt(position, "roomId");
      const error = at(position, "error");
      if (typeof error === "string" && TEMPORARY.includes(error)) continue;
      left.delete(roomId);
      if (error === undefined || error === null) {
        this.#listening.add(roomId);
        this.#takePresent(position);
      } else {
        this.person.faults.push(`resume of ${roomId} was refused: ${JSON.stringify(position)}`);
      }
    }
    return left;
  }

  #takePresent(position: unknown): void {
    this.present.set(textAt(position, "roomId"), listAt(position, "present").map(String));
  }

  #heard(frame: Frame): void {
    this.#lastFrameMs = performance.now();
    if (frame.type === "reconnect") this.#delayMs = Number(frame["delayMs"]);
    if (frame.type !== "error" || frame["temporary"] !== true) return;
    const clientId = String(frame["ref"]);
    const delayMs = Math.min(Number(frame["retryAfterMs"] ?? RETRY_MS), RETRY_MS_MAX);
    const client = this.#client;
    setTimeout(() => client === this.#client && this.person.again(clientId), delayMs + this.#jitter(RETRY_MS));
  }

  #look(): void {
    const client = this.#client;
    if (client?.isOpen !== true) return;
    const nowMs = performance.now();
    const silentMs = nowMs - this.#lastFrameMs;
    if (silentMs > SILENCE_MS_MAX) return client.terminate();
    if (silentMs > PING_AFTER_MS) client.send({ type: "ping" });
    for (const [clientId, { roomId, lastMs }] of this.person.unacked) {
      if (nowMs - lastMs < ANSWER_MS_MAX) continue;
      const sent = new Date(Date.now() - (nowMs - lastMs)).toISOString().slice(11, -1);
      const refusals = client.frames.filter((frame) => frame["ref"] === clientId).map((frame) => frame["code"]);
      const before = refusals.length === 0 ? "" : `, after it was refused: ${refusals.join(", ")}`;
      this.unanswered.push(`${clientId} to ${roomId} by node ${this.#place + 1}, sent at ${sent}${before}`);
      this.person.again(clientId);
    }
  }

  #here(): Place {
    const place = this.#places[this.#place];
    if (place === undefined) throw new Error(`there is no place ${this.#place}`);
    return place;
  }

  #jitter(msMax: number): number {
    return this.#random.next() * msMax;
  }
}
