/**
 * Every bound of the engine, with its reason. What happens at the bound stands beside it: reject (typed error),
 * drop (ephemeral only) or disconnect (close code). Those that an operator may set are defaults of `config.ts`.
 */

/** Characters of a tenant, user or room id. Reject `invalid_field`. */
export const ID_LENGTH_MAX = 128;
/** Characters of a `clientId`: a UUID with a prefix fits twice. Reject `invalid_field`. */
export const CLIENT_ID_LENGTH_MAX = 80;
/** Characters of a textual `ref`. Reject `invalid_field`. */
export const REF_LENGTH_MAX = 64;
/** Bytes of one client frame: a message of 5,000 four-byte characters with mentions and attachments. Close 4009. */
export const FRAME_BYTES_MAX = 64 * 1024;
/** Nesting of a MessagePack or JSON frame: our deepest is 4 (frame, settings, list, item). Reject `invalid_frame`. */
export const FRAME_DEPTH_MAX = 8;
/** Default of `MAX_MESSAGE_LENGTH`, characters (code points). Reject `content_too_long`. */
export const MESSAGE_LENGTH_DEFAULT = 5_000;
/** Characters of room name and description, of a custom status, of an emoji. Reject `invalid_field`. */
export const ROOM_NAME_LENGTH_MAX = 120;
export const ROOM_DESCRIPTION_LENGTH_MAX = 2_000;
export const CUSTOM_STATUS_LENGTH_MAX = 140;
export const EMOJI_LENGTH_MAX = 32;
/** Entries of lists in one frame. Reject `invalid_field`. */
export const MENTIONS_MAX = 50;
export const ATTACHMENTS_MAX = 10;
export const PARTICIPANTS_MAX = 200;
export const MESSAGE_IDS_MAX = 500;
/** Rooms in one `resume`, and rooms that one connection may be subscribed to. Reject `too_many_rooms`. */
export const ROOMS_PER_CONNECTION_MAX = 5_000;
/** Different emoji on one message. Reject `too_many_reactions`. */
export const REACTIONS_PER_MESSAGE_MAX = 50;
/** People whose names are kept per emoji; the count goes on beyond. */
export const REACTION_USERS_KEPT_MAX = 1_000;
/** Versions kept of an edited message; the oldest go first. */
export const EDIT_HISTORY_MAX = 20;

/** One append: events and bytes of entries. DynamoDB bills per KiB and caps an item at 400 KB. The rest waits. */
export const SEGMENT_EVENTS_MAX = 256;
export const SEGMENT_BYTES_MAX = 64 * 1024;
/** Events waiting for the store, per room and per worker. Reject `overloaded` with `retryAfterMs`. */
export const ROOM_QUEUE_EVENTS_MAX = 4_096;
export const ROOM_QUEUE_BYTES_MAX = 1024 * 1024;
export const WORKER_QUEUE_BYTES_MAX = 64 * 1024 * 1024;
/** Messages waiting in one actor's user lane. Reject `overloaded`. */
export const MAILBOX_USER_LANE_MAX = 8_192;
/** Messages that one actor handles before others get their turn. */
export const TURN_MESSAGES_MAX = 1_024;

/** Recent events that an active room keeps in memory for resume, by count and bytes (estimate). The oldest go first. */
export const RECENT_EVENTS_MAX = 1_024;
export const RECENT_BYTES_MAX = 512 * 1024;
/** Duplicate window: the last events of a room, none older than this. A retry from before it is `retry_expired`. */
export const DUPLICATE_WINDOW_EVENTS_MAX = 65_536;
export const DUPLICATE_WINDOW_AGE_MS_MAX = 10 * 60_000;
/** Member and message rows cached by an active room. The least recently used clean ones go first. */
export const MEMBER_CACHE_MAX = 4_096;
export const MESSAGE_CACHE_MAX = 1_024;
/** Keys that one command may ask the store for. Reject `invalid_field`. */
export const NEED_KEYS_MAX = 512;
/** A snapshot is written after so many events, so that activation replays no more. */
export const SNAPSHOT_EVENTS_MIN = 1_000;
/** Events of one replay page, and of one page of history. */
export const REPLAY_PAGE_EVENTS_MAX = 500;
export const HISTORY_PAGE_MAX = 100;
export const ROOM_LIST_PAGE_MAX = 100;
export const MEMBER_PAGE_MAX = 100;
/** How far a resume goes back; beyond, the missing range is named and the client reads history. */
export const RESUME_EVENTS_MAX = 10_000;

/** Milliseconds after which an idle actor is passivated, and how many are active per shard. */
export const ROOM_IDLE_MS_MAX = 120_000;
export const USER_IDLE_MS_MAX = 60_000;
export const ACTIVATIONS_MAX = 100_000;

/** Frames that wait at the edge for an answer from a shard. Beyond: the connection's reading is paused. */
export const PENDING_FRAMES_PER_SHARD_MAX = 65_536;
/** Bytes not yet taken by a slow client, after which it is cut off (it sees 1006 and resumes). */
export const BACKPRESSURE_BYTES_MAX = 1024 * 1024;
/** Time for the first `auth` frame of a connection without a token. Close 4001. */
export const AUTH_FRAME_MS_MAX = 5_000;
/** No answer from a shard in this time: `unavailable`, temporary. */
export const CALL_MS_MAX = 5_000;
