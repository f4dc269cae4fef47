/** What REST shows of rooms, messages, members and presence: the names of the API, times in ISO 8601. */
import type {
  MemberView,
  PresenceView,
  PresentView,
  ReceiptsView,
  RoomCalls,
  RoomListEntry,
} from "../../actors/calls.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import type { ConnectionFrame, MessageView, RoomView, UserRef } from "../../protocol/frames.ts";
import { jsonOfPoll, jsonOfThread } from "../../protocol/json-frames.ts";

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** `readBy`: who has read it, in rooms where readers are named. */
export function messageJson(message: MessageView, readBy?: readonly UserId[]) {
  const reactions = Object.entries(message.reactions ?? {});
  return {
    messageId: message.messageId,
    roomId: message.roomId,
    seq: message.seq,
    authorId: message.authorId,
    authorName: message.authorName ?? null,
    authorAvatar: message.authorAvatar ?? null,
    content: message.content,
    type: message.messageType,
    timestamp: iso(message.timestamp),
    // `fromEntries` defines its own properties, so that an emoji called "__proto__" is only a name.
    reactions: Object.fromEntries(reactions.map(([emoji, reaction]) => [emoji, reaction.users])),
    /** How many, where `reactions` names only the first ones. */
    reactionCounts: Object.fromEntries(reactions.map(([emoji, reaction]) => [emoji, reaction.count])),
    /** Those of whoever asks. */
    myReactions: reactions.filter(([, reaction]) => reaction.mine).map(([emoji]) => emoji),
    ...(readBy === undefined ? {} : { readBy: readBy.map((userId) => ({ userId })) }),
    replyTo: message.replyTo ?? null,
    /** The message that the thread hangs on, of a reply; what hangs on this one. */
    threadId: message.threadId ?? null,
    thread: message.thread === undefined ? null : jsonOfThread(message.thread),
    mentions: message.mentions ?? [],
    mentionsRoom: message.mentionsRoom ?? false,
    attachments: message.attachments ?? [],
    isEdited: message.editedAt !== undefined,
    ...(message.editedAt === undefined ? {} : { editedAt: iso(message.editedAt) }),
    isDeleted: message.deletedAt !== undefined,
    ...(message.deletedAt === undefined ? {} : { deletedAt: iso(message.deletedAt) }),
    isAnonymous: message.isAnonymous ?? false,
    ...(message.poll === undefined ? {} : { poll: jsonOfPoll(message.poll) }),
    /** Of an answer of the assistant: what it answers, and how far it is. */
    ...(message.answer === undefined ? {} : { answer: message.answer }),
    ...(message.clientId === undefined ? {} : { clientId: message.clientId }),
  };
}

export function roomJson(room: RoomView) {
  return {
    roomId: room.roomId,
    name: room.name,
    description: room.description ?? null,
    type: room.type,
    avatar: room.avatar ?? null,
    tags: room.tags ?? [],
    createdBy: room.createdBy,
    createdAt: iso(room.createdAt),
    memberCount: room.memberCount,
    maxMembers: room.maxMembers,
    allowInvites: room.allowInvites,
    lastActivity: iso(room.lastActivity),
    ...settingsJson(room),
  };
}

/** What holds where nothing was said is said here, so that a page need not know it. */
function settingsJson(room: RoomView) {
  return {
    banner: room.banner ?? null,
    requireApproval: room.requireApproval ?? false,
    allowFileUploads: room.allowFileUploads ?? true,
    maxFileSize: room.maxFileSize ?? null,
    allowedFileTypes: room.allowedFileTypes ?? [],
    messageRetention: room.messageRetention ?? 0,
    enableAI: room.enableAI ?? false,
    moderationLevel: room.moderationLevel ?? "none",
    slowModeSeconds: room.slowModeSeconds ?? 0,
    allowAnonymous: room.allowAnonymous ?? false,
    isArchived: room.isArchived ?? false,
  };
}

export function roomListEntryJson(entry: RoomListEntry) {
  const { isJoined, unread, mentions, peer } = entry;
  return { ...roomJson(entry), ...peerJson(peer), isJoined, unreadCount: unread, mentionCount: mentions };
}

export function ownRoomJson({ room, role, unread, mentions, peer }: RoomCalls["get_room"]["reply"]) {
  const isJoined = role !== null;
  return { ...roomJson(room), ...peerJson(peer), role, isJoined, unreadCount: unread, mentionCount: mentions };
}

/** Rooms of two have no name: they are shown under that of the other one. */
function peerJson(peer: UserRef | undefined) {
  return peer === undefined ? {} : { peer: personJson(peer) };
}

export function memberJson(member: MemberView) {
  return {
    userId: member.userId,
    displayName: member.name ?? null,
    avatar: member.avatar ?? null,
    role: member.role,
    joinedAt: iso(member.joinedAt),
    isOnline: member.isOnline,
  };
}

function personJson({ userId, name, avatar }: UserRef) {
  return { userId, displayName: name ?? null, avatar: avatar ?? null };
}

/** `after` leads to the next page of names. */
export function receiptsJson({ readBy, deliveredTo, members, users, hasMore }: ReceiptsView, limit: number) {
  const pagination = { hasMore, after: hasMore ? (users.at(-1)?.userId ?? null) : null, limit };
  return { readBy, deliveredTo, members, users: users.map(personJson), pagination };
}

export function unreadJson({ total, rooms, mentions = 0, mentionRooms = {}, threads = [] }: ConnectionFrame["unread"]) {
  return { total, mentions, rooms, mentionRooms, threads };
}

export function presentJson(present: PresentView) {
  return {
    userId: present.userId,
    displayName: present.name ?? null,
    avatar: present.avatar ?? null,
    status: present.status,
    customStatus: present.customStatus ?? null,
  };
}

/** `rooms`: those of the person's rooms that the asker may know of. */
export function presenceJson(presence: PresenceView, rooms: readonly RoomId[] = presence.rooms) {
  const { customStatusUntil, lastSeen } = presence;
  return {
    userId: presence.userId,
    displayName: presence.name ?? null,
    avatar: presence.avatar ?? null,
    status: presence.status,
    customStatus: presence.customStatus ?? null,
    customStatusUntil: customStatusUntil === undefined ? null : iso(customStatusUntil),
    lastSeen: lastSeen === null ? null : iso(lastSeen),
    devices: presence.devices,
    currentRooms: rooms,
  };
}
