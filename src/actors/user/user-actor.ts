/**
 * One user on this node: the actor that their connections, presence, profile and requests belong to.
 * Life: reading the user's row → active while connected and for a while after.
 * Invariant: a connection is greeted once, also when the shard was restarted.
 */
import type { TenantId, UserId } from "../../base/ids.ts";
import type { ReadResult } from "../../storage/journal.ts";
import type { Profile } from "../../domain/user/profile.ts";
import type { UserRow } from "../../storage/projections.ts";
import { Actor, type Later } from "../actor.ts";
import { addressHash, type RoomAddress, userAddress } from "../address.ts";
import { answerRejection } from "../answers.ts";
import type { PresenceView } from "../calls.ts";
import type { ShardConnection } from "../connections.ts";
import type { ActorMessage } from "../messages.ts";
import { PrivateQuestions } from "./private-questions.ts";
import type { UserRequest } from "../request.ts";
import type { ShardEnv } from "../shard-env.ts";
import { UserUploads } from "./user-uploads.ts";
import { UserBlocks } from "./user-blocks.ts";
import { UserNotify } from "./user-notify.ts";
import { type LookedUp, ProfileLookup } from "./profile-lookup.ts";
import { type DevicesOwner, UserDevices } from "./user-devices.ts";
import { type PresenceOwner, UserPresence } from "./user-presence.ts";
import { UserProfile } from "./user-profile.ts";
import { answerUserAsk } from "./user-requests.ts";

export type UserMessage =
  | UserRequest
  | { readonly to: "opened"; readonly connection: ShardConnection }
  | { readonly to: "closed"; readonly connection: ShardConnection; readonly clean: boolean }
  | { readonly to: "actor"; readonly message: ActorMessage };

/** Pause before the user's row is read again when the store did not answer, milliseconds. */
const ACTIVATION_RETRY_MS = 200;
const RETRY_MS = 500;

export class UserActor extends Actor<UserMessage> implements DevicesOwner, PresenceOwner, LookedUp {
  readonly tenant: TenantId;
  readonly userId: UserId;
  readonly profile: UserProfile;
  readonly devices: UserDevices;
  readonly presence: UserPresence;
  /** The person's row says that somebody is on their block list. */
  hasBlocks = false;
  readonly #env: ShardEnv;
  /** Of its address. */
  readonly #hash: number;
  #row: UserRow | undefined;
  /** Made with the first one. */
  #questions: PrivateQuestions<UserRequest> | undefined;
  /** Made when somebody is on the list, or the list is asked for. */
  #blocks: UserBlocks | undefined;
  #uploads: UserUploads | undefined;
  #notifications: UserNotify | undefined;
  /** Where there is a profile service. */
  readonly #lookup: ProfileLookup | undefined;

  constructor(env: ShardEnv, tenant: TenantId, userId: UserId) {
    super(env);
    this.#env = env;
    this.tenant = tenant;
    this.userId = userId;
    this.#hash = addressHash(userAddress(tenant, userId));
    this.profile = new UserProfile(userId, env.profiles !== undefined);
    this.#lookup = env.profiles && new ProfileLookup(env, env.profiles, this, this.#later);
    this.devices = new UserDevices(env, this);
    this.presence = new UserPresence(env, this);
    this.hold();
    this.#readRow();
  }

  /** For parts that few people have: one that all had would weigh on each. */
  get #later(): Later {
    return (run) => this.later(run);
  }

  /** For the parts that all have. */
  override later<Args extends readonly unknown[]>(run: (...args: Args) => void): (...args: Args) => void {
    return super.later(run);
  }

  get isIdle(): boolean {
    return this.presence.isIdle && !this.hasMail && this.#questions?.isIdle !== false && this.#lookup?.isIdle !== false;
  }

  /** By the present view; otherwise another node has, or is about to have, an actor of this user. */
  get isHere(): boolean {
    return this.#env.ownership.isHere(this.#hash);
  }

  get connectionCount(): number {
    return this.devices.count;
  }

  get blockList(): UserBlocks {
    this.#blocks ??= new UserBlocks(this.#env, this.tenant, this.userId, this.#later);
    return this.#blocks;
  }

  get uploads(): UserUploads {
    this.#uploads ??= new UserUploads(this.#env, this.tenant, this.userId, this.#later);
    return this.#uploads;
  }

  get notifications(): UserNotify {
    this.#notifications ??= new UserNotify(this.#env, this.tenant, this.userId, this.#later);
    return this.#notifications;
  }

  /** To the assistant, about no room. */
  get questions(): PrivateQuestions<UserRequest> {
    this.#questions ??= new PrivateQuestions<UserRequest>(this.#env, this.#later);
    return this.#questions;
  }

  get blocked(): UserBlocks | undefined {
    return this.hasBlocks ? this.blockList : undefined;
  }

  listens(connection: ShardConnection, room: Parameters<UserPresence["listens"]>[1]): boolean {
    return this.presence.listens(connection, room);
  }

  view(): PresenceView {
    return this.presence.view(this.#row !== undefined || this.devices.count > 0);
  }

  /** What the rooms were told may not have arrived. */
  showAgain(isTold: (address: RoomAddress) => boolean): void {
    this.presence.showAgain(isTold);
  }

  /** `run`s at once, or when a profile service has been asked about somebody of whom it never said anything. */
  whenProfileIsKnown(run: () => void): void {
    if (this.#lookup === undefined) run();
    else this.#lookup.whenKnown(run);
  }

  /** Somebody writes over REST: what their token says of them is known from here on, as with a connection. */
  claimBy(said: Profile): void {
    if (this.profile.claimBy(said, this.#row)) this.save();
  }

  profileLearned(isShownOtherwise: boolean): void {
    if (isShownOtherwise) {
      this.profile.tell(this.devices.all);
      this.presence.showEverywhere();
    }
    // Whoever is nobody's acquaintance, here or there, gets no row by being asked for.
    if (this.#row !== undefined || isShownOtherwise) this.save();
  }

  /** The person was erased: what is known of them here goes, and comes back only with what their connections say. */
  forget(): void {
    this.#row = undefined;
    this.profile.forget();
    this.presence.forget();
    this.hasBlocks = false;
    this.#blocks = undefined;
    this.#questions?.failAll();
  }

  save(saved: (result: ReadResult<true>) => void = () => undefined): void {
    const blocks = this.hasBlocks ? { hasBlocks: true as const } : {};
    this.#row = { ...this.profile.row, ...this.presence.row, ...blocks };
    // Lost when the store fails now; the next change brings all of it again.
    this.#env.projections.writeUser(this.tenant, this.#row, saved);
  }

  protected override receive(message: UserMessage): void {
    switch (message.to) {
      case "opened":
        this.#opened(message.connection);
        return;
      case "closed":
        this.#closed(message.connection, message.clean);
        return;
      case "actor":
        this.#told(message.message);
        return;
      case "user":
        answerUserAsk(this.#env, this, message, this.#later);
        return;
    }
  }

  protected override originOf(message: UserMessage): UserRequest | undefined {
    return message.to === "user" ? message : undefined;
  }

  protected override endTurn(): void {
    // Whatever a user actor writes, it handed over at once.
    this.rest();
  }

  protected override failed(error: unknown, culprit: UserMessage | undefined): void {
    this.#env.report("user_failed", { tenant: this.tenant, user: this.userId, error: String(error) });
    this.presence.stop();
    if (culprit?.to === "user") answerRejection(this.#env, culprit, { code: "internal" });
    for (const message of [...(this.#questions?.unanswered() ?? []), ...this.stop()]) {
      if (message.to === "user") answerRejection(this.#env, message, { code: "unavailable", retryAfterMs: RETRY_MS });
    }
  }

  override stop(): UserMessage[] {
    this.#questions?.stop();
    this.#lookup?.stop();
    return super.stop();
  }

  // ---------------------------------------------------------------------------------------------- activation

  #readRow(): void {
    this.#env.projections.readUser(
      this.tenant,
      this.userId,
      this.later((read) => this.#rowRead(read)),
    );
  }

  #rowRead(read: ReadResult<UserRow | null>): void {
    if (!read.ok) {
      this.#env.clock.after(
        ACTIVATION_RETRY_MS,
        this.later(() => this.#readRow()),
      );
      return;
    }
    const row = read.value ?? undefined;
    this.#row = row;
    if (row !== undefined) this.profile.load(row);
    this.hasBlocks = row?.hasBlocks === true;
    this.presence.load(row);
    this.release();
  }

  // ---------------------------------------------------------------------------------------------- connections

  #opened(connection: ShardConnection): void {
    if (connection.closed) return;
    const { connectionId } = connection;
    const { greeted, rooms } = connection.introduced;
    const isNew = this.devices.add(connection);
    this.presence.step({ kind: "connection_opened", connectionId });
    if (this.profile.claim(connection, this.#row)) this.save();
    // The shard was restarted: rooms of other shards have told its predecessor who listens, and won't again.
    for (const room of rooms ?? []) this.presence.subscribed(connectionId, room);
    // Rooms that the first one listens to think that they have nobody else to tell.
    if (isNew && this.devices.count === 2) this.showAgain(() => true);
    // What it was sent on the link before this one may have been lost with it.
    connection.greeted = greeted;
    if (!greeted) this.devices.greet(connection);
    this.#lookup?.look();
  }

  #closed(connection: ShardConnection, clean: boolean): void {
    const { connectionId } = connection;
    if (this.devices.remove(connection)) this.presence.step({ kind: "connection_closed", connectionId, clean });
  }

  #told(message: ActorMessage): void {
    switch (message.kind) {
      case "subscribed":
        this.presence.subscribed(message.connectionId, message.room);
        return;
      case "unsubscribed":
        this.presence.step({ kind: "unsubscribed", connectionId: message.connectionId, room: message.room });
        return;
      case "notify":
        this.devices.notify(message);
        return;
      case "moderation":
        this.devices.tellOfModeration(message);
        return;
      case "stirred":
        this.devices.stirred(message.room);
        return;
      case "unread":
        this.devices.tellUnread(message);
        return;
      case "thread_unread":
        this.devices.tellThreadUnread(message);
        return;
      case "blocks_heard":
        this.#blocks?.heard(message.room, message.news);
        return;
      case "presence":
      case "ask_unread":
      case "blocks_changed":
        return;
    }
  }
}
