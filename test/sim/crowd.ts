/**
 * What the people of a scenario do: found rooms, talk, change what was said, come and go, repeat themselves. Everything at
 * random and in all innocence of the disasters around them.
 */
import type { MessageId, RoomId, Seq } from "../../src/base/ids.ts";
import type { SeededRandom } from "../../src/base/prng.ts";
import type { RequestBody } from "./history.ts";
import { Moderators } from "./moderators.ts";
import type { Profile } from "./profile.ts";
import type { SimClient } from "./sim-client.ts";
import type { EventQueue } from "./virtual-clock.ts";

/** A client asks for no more before it has some answers. */
const OPEN_REQUESTS_MAX = 6;

/** So many messages are one that does not say who wrote it. */
const ANONYMOUS_EVERY = 11;
/** Every so many messages ask something. */
const POLL_EVERY = 7;
/** Every so many are a question to the assistant. */
const ASK_EVERY = 6;
/** Of the longest mute and ban that end by themselves. */
const SANCTION_MS_MAX = 3_000;
/** What a vote may be: all options, one, or none, which takes it back. */
const CHOICES = [[0], [1], [0, 2], [], [0, 1, 2]] as const;

export class Crowd {
  readonly clients: readonly SimClient[];
  /** The last one is private when there are several. */
  readonly rooms: readonly RoomId[];
  readonly #queue: EventQueue;
  readonly #random: SeededRandom;
  readonly #thinkMsMax: number;
  readonly #isOld: boolean;
  readonly #hasGhosts: boolean;
  /** Only where rooms have rules. */
  readonly #moderators: Moderators | undefined;
  #left = 0;
  #contents = 0;

  constructor(
    queue: EventQueue,
    random: SeededRandom,
    profile: Profile,
    clients: readonly SimClient[],
    rooms: readonly RoomId[],
  ) {
    this.#queue = queue;
    this.#random = random;
    this.#thinkMsMax = profile.thinkMsMax;
    this.#hasGhosts = profile.ghosts > 0;
    this.#isOld = profile.oldEvents > 0 || profile.ghosts > 0;
    this.clients = clients;
    this.rooms = rooms;
    this.#moderators = profile.isModerated ? new Moderators(random, clients) : undefined;
  }

  get isDone(): boolean {
    return this.#left <= 0;
  }

  /** So many actions more, by all together. */
  act(times: number): void {
    this.#left = times;
    for (const client of this.clients) this.#act(client);
  }

  /** The first client makes the rooms, everybody joins. */
  found(): void {
    const [first, ...others] = this.clients as [SimClient, ...SimClient[]];
    for (const [i, room] of this.rooms.entries()) {
      if (i === 0 && this.#isOld) {
        for (const client of this.clients) client.join(room);
        continue;
      }
      const isPrivate = i > 0 && i === this.rooms.length - 1;
      first.view(room).wanted = true;
      const invited = isPrivate ? others.slice(0, -1).map((client) => client.user) : [];
      first.request(room, { kind: "create_room", participants: invited, isPrivate });
      for (const client of others) if (!isPrivate || invited.includes(client.user)) client.join(room);
    }
    for (const room of this.rooms) this.#moderators?.found(room);
  }

  #act(client: SimClient): void {
    if (this.#left <= 0) return;
    this.#queue.after(this.#random.next() * this.#thinkMsMax, () => {
      if (client.isConnected && client.openRequests < OPEN_REQUESTS_MAX) this.#actOnce(client);
      this.#act(client);
    });
  }

  #actOnce(client: SimClient): void {
    const room = this.rooms[this.#random.below(this.rooms.length)] as RoomId;
    const view = client.view(room);
    this.#left -= 1;
    if (!view.wanted) {
      client.join(room);
      return;
    }
    if (this.#moderators?.act(client, room) === true) return;
    const dice = this.#random.next();
    if (dice < 0.55) this.#send(client, room);
    else if (dice < 0.78) this.#change(client, room);
    else if (dice < 0.85) this.#mark(client, room, this.#random.below((view.head ?? 0) + 1));
    else if (dice < 0.88)
      client.tell({ type: this.#random.next() < 0.5 ? "typing_start" : "typing_stop", roomId: room });
    else if (dice < 0.91) client.unsubscribe(room);
    else if (dice < 0.93) this.#comeOrGo(client, room);
    else if (dice < 0.95) this.#moderate(client, room);
    else if (dice < 0.96) client.join(room);
    else if (dice < 0.98) this.#repeatSomething(client);
    else client.setStatus(client.status === "online" ? "offline" : "online");
  }

  /** Now and then back: some of what was read is unread again. */
  #mark(client: SimClient, room: RoomId, seq: Seq): void {
    if (seq % 8 === 5) client.request(room, { kind: "create_invite" });
    client.request(room, { kind: seq % 4 === 3 ? "mark_unread" : "mark_read", seq });
  }

  #send(client: SimClient, room: RoomId): void {
    const content = this.#words(client);
    const isAnonymous = this.#contents % ANONYMOUS_EVERY === 0 ? { isAnonymous: true as const } : {};
    const body = {
      kind: "send_message",
      content,
      ...this.#replyIn(client, room),
      ...this.#askIn(),
      ...isAnonymous,
    } as const;
    const dice = this.#random.next();
    if (dice < 0.08) {
      client.request(room, body, { clientId: undefined });
      return;
    }
    const clientId = client.newKey();
    client.request(room, body, { clientId });
    // A nervous client: the same once more, before anybody can have answered; or another text under the same key.
    if (dice < 0.2) client.request(room, body, { clientId });
    else if (dice < 0.22) client.request(room, { ...body, content: this.#words(client) }, { clientId });
  }

  /** Every fourth message answers one that the client knows; some of those are answers themselves. */
  #replyIn(client: SimClient, room: RoomId): { readonly replyTo?: MessageId } {
    const { messages } = client.view(room);
    const answered = this.#contents % 4 === 0 ? messages[this.#contents % messages.length] : undefined;
    return answered === undefined ? {} : { replyTo: answered.id };
  }

  #askIn(): { readonly isPoll?: true } {
    return this.#contents % POLL_EVERY === 0 ? { isPoll: true } : {};
  }

  /** What people say, rules or no rules. */
  #words(client: SimClient): string {
    const content = this.content(client);
    return this.#moderators?.spice(content) ?? content;
  }

  /** What nobody minds. */
  content(client: SimClient): string {
    this.#contents += 1;
    return `${this.#contents % ASK_EVERY === 0 ? "@ai " : ""}${client.name} says ${this.#contents}`;
  }

  #change(client: SimClient, room: RoomId): void {
    const { messages } = client.view(room);
    const message = messages[this.#random.below(messages.length)];
    if (message === undefined) return this.#send(client, room);
    const messageId: MessageId = message.id;
    const dice = this.#random.next();
    if (message.isAnswer && dice < 0.6) client.request(room, { kind: "stop_answer", messageId });
    else if (dice < 0.35) client.request(room, { kind: "edit_message", messageId, content: this.#words(client) });
    else if (dice < 0.5) client.request(room, { kind: "delete_message", messageId });
    else if (dice < 0.54) client.request(room, { kind: "pin_message", messageId });
    else if (dice < 0.56) client.request(room, { kind: "unpin_message", messageId });
    else if (message.isPoll) {
      client.request(room, {
        kind: "vote_poll",
        messageId,
        choices: CHOICES[this.#random.below(CHOICES.length)] ?? [],
      });
    } else client.request(room, { kind: "message_reaction", messageId, emoji: "+1", add: this.#random.next() < 0.6 });
  }

  #comeOrGo(client: SimClient, room: RoomId): void {
    const owner = this.clients[0] as SimClient;
    const isPrivate = room === this.rooms.at(-1);
    // In a room with ghosts the owner adds and removes, too: whoever is removed is told alone.
    if (!isPrivate && !(this.#hasGhosts && this.#random.next() < 0.5)) {
      if (client !== owner) client.request(room, { kind: "leave_room" });
      return;
    }
    const other = this.clients[1 + this.#random.below(this.clients.length - 1)] as SimClient;
    const kind = this.#random.next() < 0.5 ? "add_member" : "remove_member";
    owner.request(room, { kind, userId: other.user });
  }

  /** Mostly the owner, now and then somebody who may not. */
  #moderate(client: SimClient, room: RoomId): void {
    const owner = this.clients[0] as SimClient;
    const by = this.#random.next() < 0.8 ? owner : client;
    const { user: userId } = this.clients[this.#random.below(this.clients.length)] as SimClient;
    // Shorter than the run, or for good.
    const end = this.#random.next() < 0.8 ? { durationMs: 1 + this.#random.below(SANCTION_MS_MAX) } : {};
    const dice = this.#random.next();
    const [message] = client.view(room).messages.slice(-1);
    if (dice < 0.35) by.request(room, { kind: "mute_member", userId, ...end });
    else if (dice < 0.6) by.request(room, { kind: "unmute_member", userId });
    else if (dice < 0.75) by.request(room, { kind: "ban_member", userId, ...end });
    else if (dice < 0.9) by.request(room, { kind: "unban_member", userId });
    else if (message !== undefined) client.request(room, { kind: "report_message", messageId: message.id });
  }

  /** A request of long ago comes again, as a delayed frame of an old connection would. */
  #repeatSomething(client: SimClient): void {
    const past = client.requests[this.#random.below(client.requests.length)];
    if (past === undefined || past.clientId === undefined || past.body.kind === "create_room") return;
    const body: RequestBody = past.body;
    if (body.kind === "join_room") client.view(past.room).wanted = true;
    client.request(past.room, body, { clientId: past.clientId });
  }
}
