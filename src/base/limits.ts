/**
 * Every bound of the engine, with its reason. What happens at the bound stands beside it: reject (typed error),
 * drop (ephemeral only) or disconnect (close code). Those that an operator may set are defaults of `src/config`.
 */

/** Characters of a tenant, user or room id. Reject `invalid_field`. */
export const ID_LENGTH_MAX = 128;
/** Characters of a `clientId`: a UUID with a prefix fits twice. Reject `invalid_field`. */
export const CLIENT_ID_LENGTH_MAX = 80;
/** Characters of a textual `ref`. Reject `invalid_field`. */
export const REF_LENGTH_MAX = 64;
/** Bytes of one client frame: a message of 5,000 four-byte characters with mentions and attachments. Close 1009. */
export const FRAME_BYTES_MAX = 64 * 1024;
/** Nesting of a MessagePack or JSON frame: our deepest is 4 (frame, settings, list, item). Reject `invalid_frame`. */
export const FRAME_DEPTH_MAX = 8;
/** Nesting of a request's body: a list of frames. What Elysia says of a body that is wrong takes seconds for a deep one. Reject `invalid_frame`. */
export const BODY_DEPTH_MAX = FRAME_DEPTH_MAX + 2;
/** Arrays and maps in one MessagePack frame: ours have at most 16, and 64 KiB of empty maps cost 50 ms. Reject `invalid_frame`. */
export const FRAME_CONTAINERS_MAX = 256;
/** Default of `MAX_MESSAGE_LENGTH`, characters (code points). Reject `content_too_long`. */
export const MESSAGE_LENGTH_DEFAULT = 5_000;
/** Characters of room name and description, of a custom status, of an emoji. Reject `invalid_field`. */
export const ROOM_NAME_LENGTH_MAX = 120;
export const ROOM_DESCRIPTION_LENGTH_MAX = 2_000;
export const CUSTOM_STATUS_LENGTH_MAX = 140;
export const EMOJI_LENGTH_MAX = 32;
/** How long a custom status with an end lasts at most, milliseconds: a week, well below what a timer can wait. Reject `invalid_field`. */
export const CUSTOM_STATUS_MS_MAX = 7 * 24 * 60 * 60_000;
/** Characters of a person's name; a longer one in a token is cut. Reject `invalid_field`. */
export const USER_NAME_LENGTH_MAX = 120;
/** People whom one person may block: the list is held in memory while they are connected. Reject `too_many_blocks`. */
export const BLOCKS_MAX = 1_000;
/** Blocked people named in one page. */
export const BLOCK_PAGE_MAX = 100;
/** How long a room of two believes what it read of its members' block lists, milliseconds, unless it is told before. */
export const BLOCKS_KEPT_MS_MAX = 10_000;
/**
 * Changes of one person's block list that rooms are being told of. Reject `overloaded`. How often a room that does not answer is told again,
 * and how long all in all, milliseconds: less than whoever asked waits (`CALL_MS_MAX`). Reject `unavailable`.
 */
export const BLOCK_NEWS_MAX = 32;
export const BLOCK_NEWS_AGAIN_MS = 300;
export const BLOCK_NEWS_MS_MAX = 4_000;
/** People whose presence is asked for at once. Reject `invalid_field`. */
export const PRESENCE_USERS_MAX = 50;
/** Of each of two people the newest memberships that are looked at for a room that they share. Beyond: they share none. */
export const SHARED_ROOMS_LOOKED_AT_MAX = 5_000;
/** Rooms that two people share, as far as anybody is shown them. */
export const SHARED_ROOMS_SHOWN_MAX = 100;
/** Profiles that an edge remembers for REST, and for how long, milliseconds. The oldest are forgotten first. */
export const PROFILES_REMEMBERED_MAX = 10_000;
export const PROFILES_REMEMBERED_MS = 10_000;
/** How long whoever changes their name or picture waits until other nodes have heard of it, milliseconds. */
export const PROFILES_TOLD_MS_MAX = 500;
/** Entries of lists in one frame. Reject `invalid_field`. */
export const MENTIONS_MAX = 50;
export const ATTACHMENTS_MAX = 10;
export const PARTICIPANTS_MAX = 200;
export const MESSAGE_IDS_MAX = 500;
/** Characters of an avatar's or attachment's address, of its file name and media type, of a token. Reject `invalid_field`. */
export const URL_LENGTH_MAX = 2_048;
export const FILE_NAME_LENGTH_MAX = 255;
export const MEDIA_TYPE_LENGTH_MAX = 127;
export const TOKEN_LENGTH_MAX = 8_192;
/** Tags of a room, and characters of one. Reject `invalid_field`. */
export const TAGS_MAX = 20;
export const TAG_LENGTH_MAX = 40;
/** Bytes of one file that a room may allow: what S3 takes in one part, 5 GB. Reject `invalid_field`. */
export const FILE_SIZE_MAX = 5 * 1024 * 1024 * 1024;
/** Kinds of file that a room names, and characters of one (a media type). Reject `invalid_field`. */
export const FILE_TYPES_MAX = 50;
/** Messages that refer to one uploaded file: they stand in its row. Reject `too_many`. */
export const FILE_USES_MAX = 100;
/** Files of one room that are looked at together to find those that nobody refers to. The rest comes next. */
export const FILES_DROPPED_MAX = 50;
/** Parts in which an upload comes to a bucket: as many as one list of it names. Reject `payload_too_large`. */
export const UPLOAD_PARTS_MAX = 1_000;
/** Characters of a signed address of a file: its name takes four bytes a character at most, and base64 a third more. */
export const TICKET_LENGTH_MAX = 4_096;
/** Uploads that one person begins in a day. Reject `rate_limited`. */
export const UPLOADS_PER_DAY_MAX = 1_000;
/** Of those, the ones that wait until the ones before were counted. Reject `overloaded`. */
export const UPLOADS_WAITING_MAX = 100;
/** Chunks that are being sent at once: by one person, and to one node. Reject `overloaded`. */
export const UPLOADS_AT_ONCE_PER_USER_MAX = 8;
export const UPLOADS_AT_ONCE_MAX = 512;
/** How long an upload may take, and how long a file stays to which nobody refers, milliseconds. */
export const UPLOAD_MS_MAX = 24 * 60 * 60_000;
export const FILE_UNUSED_MS_MAX = 24 * 60 * 60_000;
/** How often all files are looked through for those, milliseconds, and how long one round of questions to a room pauses. */
export const FILE_SWEEP_MS = 60 * 60_000;
/**
 * Small pictures: the longer side in pixels, and what a large one may have in bytes (it is held in memory once) and pixels (200 MB
 * when it is decoded). Beyond: none is made.
 */
export const THUMBNAIL_SIDE = 320;
export const THUMBNAIL_PIXELS_MAX = THUMBNAIL_SIDE * THUMBNAIL_SIDE;
export const THUMBNAIL_SOURCE_BYTES_MAX = 20 * 1024 * 1024;
export const THUMBNAIL_SOURCE_PIXELS_MAX = 50_000_000;
/** Bytes of a small one, and how many pictures wait. Beyond: none is made. */
export const THUMBNAIL_BYTES_MAX = 256 * 1024;
/** Of the whole picture where a decoder holds all of it at once: with the process itself some 300 MB of memory. */
export const THUMBNAIL_HELD_BYTES_MAX = 192 * 1024 * 1024;
/** An upload is answered when both are over: for its turn, and for its picture. Who waits longer for a turn has none. */
export const THUMBNAIL_WAIT_MS_MAX = 1_500;
export const THUMBNAIL_MS_MAX = 3_500;
export const THUMBNAILS_WAITING_MAX = 16;
/** Files that were found to be needed, which are not asked about again for so long, milliseconds. Beyond: all are asked about again. */
export const FILES_NEEDED_MAX = 200_000;
export const FILES_NEEDED_MS = 24 * 60 * 60_000;
/** How long a signed address is good that fetches a file, milliseconds: whoever leaves the room has it for so long. */
export const FILE_LINK_MS = 5 * 60_000;
/** Days that a room keeps messages, at most ten years, if not for ever. Reject `invalid_field`. */
export const RETENTION_DAYS_MAX = 3_650;
/** Seconds between two messages of a member in slow mode: six hours. Reject `invalid_field`. */
export const SLOW_MODE_SECONDS_MAX = 21_600;
/** Room ids that a codec keeps as ready strings, so that a busy room's id is not read anew from each frame. Overwritten. */
export const INTERNED_IDS_MAX = 4_096;
/** Rooms in one `resume`, and rooms that one connection may be subscribed to. Reject `too_many_rooms`. */
export const ROOMS_PER_CONNECTION_MAX = 5_000;
/** Different emoji on one message. Reject `too_many_reactions`. */
export const REACTIONS_PER_MESSAGE_MAX = 50;
/** Names per emoji that stand in a message's row: all of them in a room of so many members. More are counted, and had by pages. */
export const REACTION_NAMES_SHOWN = 100;
/** Names per emoji in a message of a larger room: a page of 100 messages stays below 200 KiB. More by pages. */
export const REACTION_NAMES_LARGE_ROOM = 10;
export const REACTION_PAGE_MAX = 100;
/** Rows of the reader's own (reactions, votes) that one page of history is looked up for. Beyond: they are not told what is theirs. */
export const OWN_ROWS_PER_PAGE_MAX = 200;
/** Members that are notified of a message to all: in larger rooms the rest sees it where unread messages are counted. */
export const MENTION_ALL_MAX = 1_000;
/** Members read at once for it. */
export const NOTICES_PAGE = 200;
/** Pinned messages of a room: all of them stand in its state and snapshot. Reject `too_many_pins`. */
export const PINS_MAX = 50;
/** People named in a thread's summary, the first who replied. The rest are only counted. */
export const THREAD_PARTICIPANTS_MAX = 5;
/** People who are notified of the replies of one thread: their names are written with each. Who comes later reads it all the same. */
export const THREAD_FOLLOWERS_MAX = 100;
/** Attempts to write a thread's mark that another device of the same person moves just then. Beyond: `unavailable`. */
export const THREAD_MARK_ATTEMPTS_MAX = 5;
/** Rooms that one page of followed threads looks into. Beyond: the page is short, and says where to go on. */
export const THREAD_ROOMS_SCANNED_MAX = 100;
/** Threads with unread replies that the first frame of a connection names, and followed ones that are looked at for it, newest first. */
export const THREADS_AT_CONNECT_MAX = 100;
export const THREADS_LOOKED_AT_MAX = 500;
/** Replies of one page of a thread: each may stand in a segment of its own. */
export const THREAD_PAGE_MAX = 50;
/** A poll: characters of its question and of an option, options. A segment holds dozens. Reject `invalid_field`. */
export const POLL_QUESTION_LENGTH_MAX = 300;
export const POLL_OPTION_LENGTH_MAX = 120;
export const POLL_OPTIONS_MIN = 2;
export const POLL_OPTIONS_MAX = 20;
/** How long a poll with a closing time may be open: nobody remembers it after a year. Reject `invalid_field`. */
export const POLL_OPEN_MS_MAX = 366 * 24 * 60 * 60_000;
/** Voters of one page. */
export const VOTER_PAGE_MAX = 100;
/** Characters of a pseudonym's id that are drawn by lot: 82 bits. */
export const PSEUDONYM_TOKEN_LENGTH = 16;
/** Banned pseudonyms of one page, and characters of the reason of a ban. Reject `invalid_field`. */
export const PSEUDONYM_PAGE_MAX = 100;
export const PSEUDONYM_REASON_LENGTH_MAX = 500;
/** Versions kept of an edited message; the oldest go first. */
export const EDIT_HISTORY_MAX = 20;

/** One append: events and bytes of entries. DynamoDB bills per KiB and caps an item at 400 KB. The rest waits. */
export const SEGMENT_EVENTS_MAX = 256;
export const SEGMENT_BYTES_MAX = 64 * 1024;
/** Events waiting for the store, per room and per worker. Reject `overloaded` with `retryAfterMs`. */
export const ROOM_QUEUE_EVENTS_MAX = 4_096;
export const ROOM_QUEUE_BYTES_MAX = 1024 * 1024;
export const WORKER_QUEUE_BYTES_MAX = 64 * 1024 * 1024;
/**
 * How long an activation whose log was taken by another owner leaves that one's fence alone for its listeners' sake,
 * milliseconds: longer than views of who owns what differ. Then it fences, so that they hear what was written meanwhile.
 */
export const FENCE_RESPECT_MS = 3_000;
/** Messages waiting in one actor's user lane. Reject `overloaded`. */
export const MAILBOX_USER_LANE_MAX = 8_192;
/** Requests of one person that wait behind one that waits for rows or for a verdict. Reject `overloaded`. */
export const LANE_REQUESTS_MAX = 1_024;
/** Messages that one actor handles before others get their turn. */
export const TURN_MESSAGES_MAX = 1_024;

/** Recent events that an active room keeps in memory for resume, by count and bytes (estimate). The oldest go first. */
export const RECENT_EVENTS_MAX = 1_024;
export const RECENT_BYTES_MAX = 512 * 1024;
/** Members of a room: of a group, of any other by default, and at most. Reject `room_full`. */
export const GROUP_MEMBERS_MAX = 50;
export const ROOM_MEMBERS_DEFAULT = 10_000;
export const ROOM_MEMBERS_MAX = 1_000_000;
/** From so many members on, coming and going is no event for the others, who are told the number instead. */
export const LARGE_ROOM_MEMBERS = 1_000;
/** That number is told to a room's listeners no more often. */
export const MEMBER_COUNT_INTERVAL_MS = 1_000;
/** What is committed and shows nothing only moves a room's position: its listeners are told of that no more often, milliseconds. */
export const POSITION_INTERVAL_MS = 1_000;
/** Characters of a member's name that the index by names keeps: encoded they take twelve bytes each at most. */
export const NAME_INDEX_LENGTH_MAX = 60;

/** Characters of why somebody is banned or muted, and of what they say who ask to join. Reject `invalid_field`. */
export const REASON_LENGTH_MAX = 500;
/** How long a ban or a mute lasts that ends, and an invite, milliseconds: ten years, and one. Reject `invalid_field`. */
export const SANCTION_MS_MAX = 10 * 365 * 86_400_000;
export const INVITE_MS_MAX = 365 * 86_400_000;
/** An invite that does not say how long it holds: a week. */
export const INVITE_MS_DEFAULT = 7 * 86_400_000;
/** How often one code may be used, if not without end. Reject `invalid_field`. */
export const INVITE_USES_MAX = 1_000_000;
/** Letters of an invite's code (82 bits: nobody guesses it), and of a code with its room. Reject `invalid_field`. */
const INVITE_CODE_LENGTH = 16;
export const INVITE_LENGTH_MAX = INVITE_CODE_LENGTH + 1 + ID_LENGTH_MAX;
/** Rows of one kind about people in one room: what moderators can still look through. Reject `too_many`. */
export const BANS_MAX = 100_000;
export const INVITES_MAX = 10_000;
export const JOIN_REQUESTS_MAX = 10_000;
export const STANDING_PAGE_MAX = 100;
/** Invites of one person on one page, and how many are counted where only their number is said. */
export const OWN_INVITES_PAGE_MAX = 100;
/** Duplicate window: the last events of a room, none older than this. A retry from before it is `retry_expired`. */
export const DUPLICATE_WINDOW_EVENTS_MAX = 65_536;
/** So many stay whatever their age, so that a clock that jumps ahead does not empty the window of a quiet room. */
export const DUPLICATE_WINDOW_EVENTS_MIN = 256;
export const DUPLICATE_WINDOW_AGE_MS_MAX = 10 * 60_000;
/** Member and message rows cached by an active room. The least recently used clean ones go first. */
export const MEMBER_CACHE_MAX = 4_096;
export const MESSAGE_CACHE_MAX = 1_024;
/** The same for a room's other rows, which are small. */
export const ITEM_CACHE_MAX = 1_024;
/** Key of an item or a document: what DynamoDB allows for a sort key (1,024 bytes), less what is put around it. */
export const ITEM_KEY_BYTES_MAX = 900;
/** A document is one item of DynamoDB (400 KB at most) on purpose: it is read and written whole. */
export const DOCUMENT_BYTES_MAX = 300_000;
/** A snapshot is written after so many events, so that activation replays no more. */
export const SNAPSHOT_EVENTS_MIN = 1_000;
/** Events of one replay page, and of one page of history. */
export const REPLAY_PAGE_EVENTS_MAX = 500;
export const HISTORY_PAGE_MAX = 100;
/** Sequence numbers that one page of a room's events covers: one read of the log. */
export const FEED_PAGE_MAX = REPLAY_PAGE_EVENTS_MAX;
export const ROOM_LIST_PAGE_MAX = 100;
export const MEMBER_PAGE_MAX = 100;
/** Reads for one page of members whose ids begin alike, most of whom were listed by their names already. The page is short then. */
export const MEMBER_SEARCH_READS_MAX = 4;
/**
 * Bytes replayed to one connection within a window: most of what its socket may hold back, the rest is for live events.
 * Shards that replay at once share them, and what one leaves is another's. Beyond, the missing range is named and the client
 * reads history.
 */
export const REPLAY_BYTES_MAX = 768 * 1024;
export const REPLAY_WINDOW_MS = 1_000;
/** How far a resume goes back; beyond, the missing range is named and the client reads history. */
export const RESUME_EVENTS_MAX = 2_000;

/** Milliseconds after which an idle actor is passivated, and how many are active per shard. */
export const ROOM_IDLE_MS_MAX = 120_000;
export const USER_IDLE_MS_MAX = 60_000;
export const ACTIVATIONS_MAX = 100_000;

/** Frames that wait at the edge for an answer from a shard. Beyond: the connection's reading is paused. */
export const PENDING_FRAMES_PER_SHARD_MAX = 65_536;
/** Losses of its shard without a known cause that a request may have been under way in. Beyond: `unavailable`, temporary. */
export const UNEXPLAINED_LOSSES_MAX = 3;
/** Bytes not yet taken by a slow client, after which it is cut off (it sees 1006 and resumes). */
export const BACKPRESSURE_BYTES_MAX = 1024 * 1024;
/**
 * Event streams (Server-Sent Events) and long-poll sessions of one person at one node, and all of a node's. Reject
 * `rate_limited`, `overloaded`. Each costs a connection's memory, and its socket's.
 */
export const STREAMS_PER_USER_MAX = 32;
export const STREAMS_MAX = 50_000;
/** Bytes of a cursor before it is written as text: as `Last-Event-ID` it has to pass proxies, which take 8 KiB a header. */
export const STREAM_CURSOR_BYTES_MAX = 5_800;
/** The same where it travels in a body: positions of as many rooms as a connection may have, by names of usual length. */
export const POLL_CURSOR_BYTES_MAX = 40_000;
/** A cursor up to this length goes out with all that is told; a longer one once a second. */
export const STREAM_CURSOR_SMALL_LENGTH = 256;
/** Rooms that a stream or poll names when it begins. */
export const STREAM_ROOMS_NAMED_MAX = 100;
/** Frames of one request to a connection, and frames over other nodes that it remembers so as to take none of them in twice. */
export const POSTED_FRAMES_MAX = 32;
export const POSTS_REMEMBERED_MAX = 256;
/** A stream says something at least so often, milliseconds: what stands between notices neither silence nor a dead client. */
export const STREAM_HEARTBEAT_MS = 15_000;
/** How often each stream is looked after, milliseconds. */
export const STREAM_TICK_MS = 1_000;
/** How long a poll may wait, milliseconds. Most proxies wait for a minute. */
export const POLL_WAIT_MS_MAX = 50_000;
/** A session whose client does not poll ends after the grace time of presence, but not before so many milliseconds. */
export const POLL_IDLE_MS_MIN = 5_000;
/** Time for the first `auth` frame of a connection without a token. Close 4408. */
export const AUTH_FRAME_MS_MAX = 5_000;
/** No answer from a shard in this time: `unavailable`, temporary. */
export const CALL_MS_MAX = 5_000;

/** Subscribers up to which presence and typing of one are shown to all; beyond, clients ask for pages. Drop (ephemeral). */
export const ROOM_PRESENCE_SUBSCRIBERS_MAX = 200;
/** Connections that ended lately, remembered by the edge for rooms whose shard is lost. The oldest are forgotten first. */
export const DEPARTED_CONNECTIONS_MAX = 100_000;
/** People named in a room's position. Beyond: pages. */
export const POSITION_NAMES_MAX = 100;
/** Receipts of one room are collected so long, milliseconds, and so many per frame. */
export const RECEIPTS_INTERVAL_MS = 1_000;
export const RECEIPTS_PER_FRAME_MAX = 500;
/** Members up to which receipts name each reader: in frames, and in messages over REST. Beyond: counts, and pages of names. */
export const RECEIPTS_NAMED_MEMBERS_MAX = 100;
/** Members up to which a room counts who has read what: 12 MB while somebody listens or asks. Beyond: no receipts. */
export const RECEIPTS_MEMBERS_MAX = 100_000;
/** Members of all rooms that one shard counts so: 60 MB. Beyond: the count not used for longest is forgotten, and made again when needed. */
export const RECEIPTS_MEMBERS_PER_SHARD_MAX = 500_000;
/** Members read from the store at once for that count. */
export const RECEIPTS_PAGE_MEMBERS = 500;
/** After so long without a mark or a question the count is forgotten, milliseconds. */
export const RECEIPTS_IDLE_MS = 60_000;
/** Messages, the newest ones, whose counts one frame tells, and events that are looked through for them. */
export const RECEIPTS_MESSAGES_MAX = 20;
export const RECEIPTS_EVENTS_MAX = 256;
/** Names on one page of a message's readers. */
export const RECEIPTS_NAMES_PAGE_MAX = 100;
/** Messages that mention a member, as their row keeps them: counts of mentions are exact up to here. The oldest go first. */
export const MENTIONS_KEPT_MAX = 100;
/**
 * Members whom a room tells that there is something new, at once and how often, milliseconds: each member of a room of this
 * size hears once a second, those of larger rooms more rarely. Whoever has no connection open costs one message.
 */
export const NOTICES_PER_ROUND_MAX = 200;
export const NOTICES_INTERVAL_MS = 1_000;
/** Members up to which an active room remembers who they are, also when it is silent: 2 KB. Larger ones read them again. */
export const NOTICES_REMEMBERED_MEMBERS_MAX = 32;
/** Marks of members that an active room remembers: all of a room of 10,000 who read. The ones set first are forgotten first. */
export const MARKS_KNOWN_MAX = 16_384;
/** A sender's own read mark is written once they sent nothing between two looks, milliseconds apart, or after so many looks. */
export const OWN_MARKS_LOOK_MS = 400;
export const OWN_MARKS_LOOKS_MAX = 12;
/** A mark that nobody asked for is written with what somebody waits for, or after so long, milliseconds. */
export const OWN_MARKS_PATIENCE_MS = 50;
/** Times a request is given to a new activation before it is answered `unavailable`. */
export const REQUEST_ATTEMPTS_MAX = 4;

/** Operations in one SQLite transaction: 2,048 small segments take a few milliseconds. The rest goes into the next one. */
export const STORAGE_GROUP_OPERATIONS_MAX = 2_048;
/** A segment of this size fills pages of its own and goes to its room's runs at once; smaller ones share a batch row. */
export const STORAGE_DIRECT_BYTES_MIN = 4 * 1024;
/** Bytes of one run: many small segments of one room in one row, small enough that a history page reads little. */
export const STORAGE_RUN_BYTES_MAX = 16 * 1024;
/** Bytes of segments that are in batches only, from which on they are moved to their rooms' runs, a little with each commit. */
export const STORAGE_UNSETTLED_BYTES_MAX = 4 * 1024 * 1024;
/** Pages (estimate) in the write-ahead log, from which on it is copied into the database file after the next commit: the more
 *  pages, the longer the writer stands still for it (10 ms for 1,000; 40 ms for 4,000, which costs hardly less in all). */
export const STORAGE_WAL_PAGES_MAX = 1_000;
/** Events of one step of retention or erasure in one room: a step holds the room's thread for a few milliseconds. */
export const UPKEEP_EVENTS_MAX = 1_000;
/** Legal holds of one tenant, and the text that says why. */
export const HOLDS_MAX = 1_000;
export const HOLD_REASON_LENGTH_MAX = 500;
/** An erasure that nobody has touched for so long is taken over by whoever looks, milliseconds. */
export const ERASURE_ABANDONED_MS = 120_000;
/** Of the signed report of an erasure. */
export const RECEIPT_LENGTH_MAX = 65_536;
/** Messages or rows that one step of an erasure changes. */
export const ERASE_TARGETS_MAX = 64;
/** What retention deletes is older than the room's days by at least this, milliseconds: two clocks may be an hour off each. */
export const RETENTION_GUARD_MS = 2 * 3_600_000;
/** A file up to this size is made anew (`VACUUM`) after an erasure while the writer waits: 1.5 s for 100 MB. A larger one is for an operator. */
export const STORAGE_VACUUM_BYTES_MAX = 512 * 1024 * 1024;
/** Head sequences and log numbers remembered by the SQLite writer; all are forgotten at the bound and read again. */
export const STORAGE_HEADS_CACHED_MAX = 200_000;
/** Milliseconds to wait for another process that holds the database's lock; then the outcome is `unknown`. */
export const STORAGE_BUSY_MS_MAX = 250;
/** Frames that come before the `connection` frame went out. Beyond: the socket is not read from for a moment. */
export const HELD_FRAMES_MAX = 64;
/** Frames that could not be read, per connection. Beyond: close 4422. */
export const UNREADABLE_FRAMES_MAX = 100;

/**
 * Bytes that wait for one peer to leave with the next flush: all that an edge repeats to a shard fits. Beyond: dropped, and the
 * links between the two begin anew.
 */
export const PEER_QUEUE_BYTES_MAX = 32 * 1024 * 1024;
/** Bytes that a bus took and did not hand over yet, for all nodes together. Beyond: dropped, which the receivers notice. */
export const BUS_QUEUE_BYTES_MAX = 64 * 1024 * 1024;
/** Bytes of records in one message between nodes: the smallest entry of a bus (DynamoDB's item, 400 KB) holds it. Cut. */
export const PEER_MESSAGE_BYTES_MAX = 256 * 1024;
/** Nodes that speak before the view names them, and messages and bytes of one that wait for the view. Beyond: dropped, noticed. */
export const PEER_STRANGERS_MAX = 64;
export const PEER_STRANGER_MESSAGES_MAX = 64;
export const PEER_STRANGER_BYTES_MAX = 1024 * 1024;
/** Nodes that left the view, whose last session is remembered. The oldest are forgotten first. */
export const PEERS_REMEMBERED_MAX = 1_024;

/** Milliseconds that one request to DynamoDB may take; a healthy one takes 5 to 20. Beyond: its outcome is unknown. */
export const DYNAMO_REQUEST_MS_MAX = 2_000;
/** Requests to DynamoDB at once, per shard: what a user waits for, and what can wait. The rest queues. Bun sends 256 at once at most. */
export const DYNAMO_REQUESTS_MAX = 128;
export const DYNAMO_BACKGROUND_REQUESTS_MAX = 32;
/** Attempts of a request that DynamoDB throttles (with full jitter: 0.8 s in the mean, 1.6 s at most). Beyond: `unavailable`. */
export const DYNAMO_ATTEMPTS_MAX = 7;
/** Bytes of one item. DynamoDB's own bound is 409,600, names of attributes included. What is larger is stored in parts. */
export const DYNAMO_ITEM_BYTES_MAX = 380_000;
/** Bytes of one part: 25 of them stay within the 16 MB of a batch write. */
export const DYNAMO_PART_BYTES_MAX = 350_000;
/** Milliseconds between two writes of what only changes a room's place in lists: count, head, last activity. */
export const DYNAMO_ACTIVITY_INTERVAL_MS = 1_000;
/** An append that changes members or a room's card waits so long for their rows, milliseconds; then it answers without them. */
export const DYNAMO_ROWS_WAIT_MS_MAX = 100;
/** Bytes of rows (estimate) that a shard keeps while they are not in DynamoDB yet. Beyond: appends with rows are `unknown`. */
export const DYNAMO_ROWS_PENDING_BYTES_MAX = 32 * 1024 * 1024;
/**
 * One entry of a node's stream in Redis, and entries in a stream: a reader that stands still holds at most their product,
 * 128 MiB, in Redis. The oldest entries go first; the reader's peers notice and begin anew.
 */
export const BUS_ENTRY_BYTES_MAX = 32 * 1024;
export const BUS_STREAM_ENTRIES_MAX = 4_096;
/** Bytes written to one node's stream at once, and entries read at once. The rest waits for the next round. */
export const BUS_WRITE_BYTES_MAX = 512 * 1024;
export const BUS_READ_ENTRIES_MAX = 256;
/** The same in DynamoDB: bytes of one packed item, below its bound of 400 KB. What is larger goes over several. */
export const BUS_ITEM_BYTES_MAX = 300 * 1024;
/** Changes of connections that are kept until the directory is written, each second. Beyond: all of it is written anew. */
export const CENSUS_CHANGES_MAX = 20_000;

/** Edges of other nodes whose newest link a shard remembers, to tell one that has ended from one that begins. The oldest go. */
export const EDGES_REMEMBERED_MAX = 1_024;
/** How often a shard tells other nodes which heads of logs it moved, milliseconds, and how many at once. The rest comes next time. */
export const HEAD_BEACON_MS = 2_000;
export const HEADS_PER_BEACON_MAX = 2_000;
/** Heads that a shard keeps for nodes that were not there to be told. The oldest are forgotten first. */
export const HEADS_REMEMBERED_MAX = 10_000;
/** After something got lost between nodes, how long actors wait before they tell one another again who is where, milliseconds. */
export const RETELLING_MS = 1_000;
/** How often a room looks for what others wrote to its log, milliseconds: while its owner, or everybody, is out of reach. */
export const LOG_WATCH_MS = 2_000;

/** Of a change of the directory in Redis, written by one script: its milliseconds stop everybody else. The rest in further ones. */
export const DIRECTORY_SCRIPT_ENTRIES_MAX = 500;
/** Users of one node that are read at once to count a tenant's. The rest in further rounds. */
export const DIRECTORY_COUNT_USERS_MAX = 2_000;
/** Users of one page, whatever was asked for. */
export const DIRECTORY_PAGE_MAX = 1_000;
/** Tenants of a lost node that are removed in one round, and tenants of a living one that one write looks at. */
export const DIRECTORY_SWEEP_TENANTS_MAX = 100;
export const DIRECTORY_LOOK_TENANTS_MAX = 1_000;

/**
 * Moderation. Rules of one list, words of one rule, characters of one word; characters of a list's words and patterns together:
 * the event that brings them fits a segment. Reject `invalid_field`.
 */
export const MODERATION_RULES_MAX = 50;
export const MODERATION_WORDS_MAX = 1_000;
export const MODERATION_WORD_LENGTH_MAX = 64;
export const MODERATION_LIST_CHARS_MAX = 16 * 1024;
/**
 * Patterns of one list, characters of one, and instructions of one and of all when they are compiled: a message of 5,000
 * characters takes 0.1 ms for a pattern, and 0.4 ms per instruction with one that was made to be slow. Reject `invalid_field`.
 */
export const MODERATION_PATTERNS_MAX = 20;
export const MODERATION_PATTERN_LENGTH_MAX = 256;
export const MODERATION_PATTERN_SIZE_MAX = 128;
export const MODERATION_PATTERNS_SIZE_MAX = 512;
/**
 * What is searched for all places of patterns in one message, characters times instructions: 0.1 s of the slowest ones, and some 250
 * numbers in 5,000 characters. Beyond, the rest of the message is masked as one place.
 */
export const MODERATION_SEARCH_MAX = 5_000_000;
/** Characters of a rule's name, of the reason that authors are told, of what stands for a word. Reject `invalid_field`. */
export const MODERATION_RULE_ID_LENGTH_MAX = 64;
export const MODERATION_REASON_LENGTH_MAX = 300;
export const MODERATION_REPLACEMENT_LENGTH_MAX = 32;
/** Messages of one room that wait for a moderator. Reject `message_rejected`. */
export const HELD_PER_ROOM_MAX = 1_000;
/** Reports of one person in one room within an hour (reject `rate_limited`); people named in one report (the rest is counted). */
export const REPORTS_PER_HOUR_MAX = 20;
export const REPORTERS_KEPT_MAX = 20;
/** Characters of a report's or decision's reason, of a report's details, of what it quotes, of a text in the audit log. */
export const REPORT_REASON_LENGTH_MAX = 200;
export const REPORT_DETAILS_LENGTH_MAX = 1_000;
export const REPORT_EXCERPT_LENGTH_MAX = 300;
export const AUDIT_TEXT_LENGTH_MAX = 200;
/** People of a room who are told of reports and held messages. The rest finds them in the queue. */
export const STAFF_KEPT_MAX = 200;
/** The latest events of a room among which a level looks for repetitions. */
export const REPEATS_LOOKED_AT_MAX = 50;
/** Entries of one page of reports, held messages or the audit log. */
export const MODERATION_PAGE_MAX = 100;
/** How old a tenant's rules may be where a message is judged, milliseconds: one read of them per shard, tenant and such a time. */
export const TENANT_RULES_MS = 10_000;
/** Tenants whose rules a shard remembers. Beyond: all are read again when they are needed. */
export const TENANT_RULES_KEPT_MAX = 10_000;
/** Audit entries of one room that wait to be copied to its tenant's log. The rest stays in the room's own. */
export const AUDIT_COPIES_WAITING_MAX = 1_000;
/** Events that one page of a back-test looks at, and characters of their texts: some 50 ms of a shard. To fold 5,000 takes up to 5 ms. */
export const BACKTEST_PAGE_EVENTS_MAX = 500;
export const BACKTEST_PAGE_CHARS_MAX = 50_000;
/** Events that one back-test looks at, days that it goes back, ids and texts that it names. What is beyond is said. */
export const BACKTEST_EVENTS_MAX = 500_000;
export const BACKTEST_DAYS_MAX = 365;
export const BACKTEST_IDS_MAX = 1_000;
export const BACKTEST_SAMPLE_MAX = 50;
/** Questions to the pre-publish hook at once, per shard, and how many more wait. Reject `overloaded`. */
export const HOOK_REQUESTS_MAX = 32;
export const HOOK_WAITING_MAX = 1_024;
/** Bytes of a hook's answer: a message of the longest kind. Beyond: no verdict. */
export const HOOK_ANSWER_BYTES_MAX = 64 * 1024;
/** Questions to the profile service at once, per shard, and how many more wait. Beyond: what is known of the person counts on. */
export const PROFILE_REQUESTS_MAX = 32;
export const PROFILE_WAITING_MAX = 1_024;
/** Bytes of its answer: a name and an address. Beyond: no answer. */
export const PROFILE_ANSWER_BYTES_MAX = 16 * 1024;
/** Requests that wait for one person's profile. Beyond: they go on with what is known. */
export const PROFILE_WAITERS_MAX = 100;
/** When a service that could not be asked about somebody is asked again, milliseconds. */
export const PROFILE_RETRY_MS = 30_000;
/**
 * Keys (users, tenants, addresses) whose rate buckets an edge keeps: some 10 MB. The longest unused goes first, which can only
 * be generous to it.
 */
export const RATE_KEYS_MAX = 50_000;
/** Keys that one edge tells the others about at once. The rest comes with the next notice. */
export const RATE_SHARE_KEYS_MAX = 1_000;
/**
 * Revoked tokens and suspended people of one tenant, per document (of 16): some 200 bytes each. Reject `too_many`. Kept for so
 * long, milliseconds, where nobody says when the token ends: no token should live longer.
 */
export const ACCESS_ENTRIES_PER_PART_MAX = 1_000;
export const ACCESS_KEPT_MS = 400 * 24 * 60 * 60_000;
/**
 * Of a document's write that meets another one: so often it is made again, each time after up to so many milliseconds, drawn by lot. In
 * that time a hundred writers come through one after another. Beyond: reject `unavailable`.
 */
export const DOCUMENT_ROUNDS_MAX = 20;
export const DOCUMENT_PAUSE_MS_MAX = 250;
/** Characters of a token's id, and of the reason of an administrator's act. Reject `invalid_field`. */
export const TOKEN_ID_LENGTH_MAX = 128;
export const ADMIN_REASON_LENGTH_MAX = 200;
/** Tenants whose access an edge knows. Beyond: the one asked for longest ago is read again when it is needed. */
export const ACCESS_TENANTS_MAX = 10_000;
/** How often an edge reads a tenant's access again, milliseconds: what another edge told it of may have been lost. */
export const ACCESS_REREAD_MS = 30_000;
/** Entries of the audit log that one page looks at for those that a filter wants. Beyond: the page is short, and says where to go on. */
export const AUDIT_LOOKED_AT_MAX = 1_000;
/** Connections that one turn of the event loop tells of an announcement. The rest in further turns. */
export const ANNOUNCED_PER_TURN_MAX = 500;
/**
 * Figures of tenants: days that are kept, and rooms of one day that keep their numbers. Until they are written so many
 * tenants, and rooms of each, are counted; what is beyond is missing from the figures.
 */
export const FIGURES_DAYS_MAX = 90;
export const FIGURES_ROOMS_MAX = 200;
export const FIGURES_BOOK_TENANTS_MAX = 10_000;
export const FIGURES_BOOK_ROOMS_MAX = 10_000;
/** How often a shard hands on what it counted, milliseconds: it is lost with its thread. */
export const FIGURES_TELL_MS = 250;
/** Events of a room that its figures of the last day look at, some hundred at a time. Beyond: they say that they are cut. */
export const ROOM_FIGURES_EVENTS_MAX = 20_000;
/** People whom a room's figures name, those who wrote most. */
export const ROOM_FIGURES_WRITERS_MAX = 20;
/**
 * A connection floods when so many times its burst was refused, beyond what refills with its rate. It is not read from for so
 * long then, milliseconds; the third time is the last, after the next one it is closed (4002). Forgiven after a quiet minute.
 */
export const FLOOD_BURSTS = 5;
export const FLOOD_PAUSE_MS = 2_000;
export const FLOODS_MAX = 3;
export const FLOOD_FORGIVEN_MS = 60_000;

/**
 * Followers of the logs. How often a shard tells which logs it wrote, milliseconds: search lags behind by that and the time of
 * a write. Logs that a consumer is known to be behind in; beyond, they are looked for in the store again.
 */
export const FOLLOW_HINT_MS = 250;
export const FOLLOW_BEHIND_MAX = 100_000;
/** Positions that a follower remembers: 10 MB. The oldest are read again. */
export const FOLLOW_POSITIONS_MAX = 100_000;
/** Logs that are read and delivered at once, and events of one run: with the largest events they are 32 MiB. The rest waits. */
export const FOLLOW_LOGS_AT_ONCE = 32;
export const FOLLOW_RUN_EVENTS_MAX = 256;
/** Logs of one page of a sweep over the store. */
export const FOLLOW_PAGE = 500;
/**
 * DynamoDB: a log is noted as open before it is written to, and again when that was so long ago, milliseconds. It is taken
 * off the list after twice as long at the earliest, so that an append which is under way is never missed.
 */
export const FOLLOW_REOPEN_MS = 10 * 60_000;
/** How often logs are looked for that something else than a shard wrote to, and those read to the end taken off that list, milliseconds. */
export const FOLLOW_CLEAN_MS = 5 * 60_000;
/** After so long the search index counts as late, and health says so, milliseconds. */
export const FOLLOW_LATE_MS = 30_000;

/** Search: characters of what is looked for, and its parts. Reject `invalid_field`. */
export const SEARCH_QUERY_LENGTH_MAX = 256;
export const SEARCH_QUERY_TERMS_MAX = 16;
/** Letters of the beginning of a word: one letter begins a tenth of all words. Reject `invalid_field`. */
export const SEARCH_PREFIX_LENGTH_MIN = 2;
/** Characters of a word by which it is found (the rest is cut), and words of one message (the rest is not found). */
export const SEARCH_WORD_LENGTH_MAX = 64;
export const SEARCH_WORDS_PER_MESSAGE_MAX = 2_000;
/** Hits of one page, and rooms of a search in all of one's rooms: the ones that were active last. */
export const SEARCH_PAGE_MAX = 50;
export const SEARCH_ROOMS_MAX = 1_000;
/** Of all messages that match, the newest ones, among which the most relevant are looked for. */
export const SEARCH_CANDIDATES_MAX = 1_000;
/** Messages that one search looks at where its filters leave few: some tens of milliseconds. Beyond: the page is short. */
export const SEARCH_SCAN_MAX = 50_000;
/** Rooms up to which they are part of what the index is asked; beyond, hits of other rooms are passed over. */
export const SEARCH_ROOMS_IN_QUERY_MAX = 64;
/** Hits that may turn out not to be shown before a page is short: each round asks the index and the rooms once more. */
export const SEARCH_ROUNDS_MAX = 4;
/** Characters of an excerpt, and marked places in it. */
export const SEARCH_EXCERPT_LENGTH = 240;
export const SEARCH_MARKS_MAX = 32;
/** Searches that wait for the index, and how long one may take, milliseconds. Reject `unavailable`, temporary. */
export const SEARCHES_WAITING_MAX = 256;
export const SEARCH_MS_MAX = 5_000;
/** Changes written to the index at once: searches wait for no more than that, some tens of milliseconds. */
export const SEARCH_WRITE_CHANGES = 1_000;
/** DynamoDB: messages and characters of one block, whose words share items; posting items read per word and room. */
export const SEARCH_BLOCK_MESSAGES_MAX = 64;
export const SEARCH_BLOCK_CHARS_MAX = 32 * 1024;
export const SEARCH_POSTINGS_MAX = 1_000;
/** DynamoDB: the newest matches of a search whose texts are read to rank them, and rooms that are looked into. */
export const SEARCH_TEXTS_MAX = 200;
export const SEARCH_ROOMS_ON_DYNAMODB_MAX = 200;

// ---------------------------------------------------------------------------------------------- notifications

/** Characters of a notification's title and body: a phone shows no more. Cut. */
export const NOTIFY_TITLE_LENGTH_MAX = 80;
export const NOTIFY_BODY_LENGTH_MAX = 200;
/** Rooms for which one person says what they want to be told: more are `too_many`. */
export const NOTIFY_ROOMS_MAX = 500;
/** For how long somebody may want nothing at all, milliseconds: ten years. Reject `invalid_field`. */
export const NOTIFY_MUTE_MS_MAX = 10 * 366 * 24 * 60 * 60_000;
/** Browsers of one person that get notifications. Beyond: the one that was added longest ago is given up. */
export const PUSH_SUBSCRIPTIONS_MAX = 10;
/** Characters of the address of one, and of what is kept of how it calls itself. Reject `invalid_field`; cut. */
export const PUSH_ENDPOINT_LENGTH_MAX = 1_024;
export const PUSH_AGENT_LENGTH_MAX = 160;
/** What is older when it is come to is not told any more, milliseconds: an hour. It is seen where unread messages are counted. */
export const NOTIFY_AGE_MS_MAX = 60 * 60_000;
/** Members of a room up to which everybody who wants all messages of all rooms is told of its; in larger ones who wants all of this one. */
export const NOTIFY_SMALL_ROOM_MEMBERS = 200;
/** People of a tenant who want all messages of all rooms, and of one room, that are known here. The rest is not told. */
export const NOTIFY_EAGER_MAX = 10_000;
export const NOTIFY_EAGER_IN_ROOM_MAX = 1_000;
/** How long what tenants and rooms say of themselves is believed, milliseconds; and of how many of them. */
export const NOTIFY_KNOWN_MS = 30_000;
export const NOTIFY_TENANTS_KNOWN_MAX = 1_000;
export const NOTIFY_ROOMS_KNOWN_MAX = 20_000;
/** Of one log: events of a run, so that a lively room has one notification for a window, and people who are asked at once. */
export const NOTIFY_RUN_EVENTS_MAX = 1_024;
export const NOTIFY_LOGS_AT_ONCE = 16;
export const NOTIFY_PEOPLE_AT_ONCE = 16;
/** Messages that a room is asked for at once, with the standing of those who are told of them. The last ones count. */
export const NOTIFY_MESSAGES_MAX = 100;
/** Bytes of one notification over Web Push: a service need not take more than 4,096. */
export const PUSH_PAYLOAD_BYTES_MAX = 3_000;
/** For how long a push service keeps what it cannot hand over, seconds: a day. */
export const PUSH_TTL_SECONDS = 24 * 60 * 60;
/** Requests to push services at once, attempts of one, and the longest pause between two, milliseconds. Then it is given up. */
export const PUSH_AT_ONCE = 32;
export const PUSH_ATTEMPTS_MAX = 3;
export const PUSH_RETRY_MS_MAX = 5_000;
/** How long one request with notifications may take, milliseconds. */
export const NOTIFY_REQUEST_MS_MAX = 5_000;
/** SQS and SNS: entries of one request, as many as they take; requests at once; entries that wait. Beyond: later. */
export const NOTIFY_BATCH_MAX = 10;
export const NOTIFY_BATCHES_AT_ONCE = 4;
export const NOTIFY_WAITING_MAX = 1_000;
/**
 * Outcomes that a node remembers, for who asks why somebody was not told, and events that one of them names, the newest: 15 MB at
 * most. The oldest go first.
 */
export const NOTIFY_OUTCOME_SEQS_MAX = 64;
export const NOTIFY_OUTCOMES_MAX = 20_000;

/** Capsules. Events that an export reads at once; members whose marks are read at once. */
export const CAPSULE_READ_EVENTS = 4_096;
export const CAPSULE_MEMBERS_PER_READ = 500;
/** Events after which an export's file is durable, so that an interrupted one loses no more than a second of work. */
export const CAPSULE_COMMIT_EVENTS = 65_536;
/** Times that the rows of a room are copied whose beginning is gone, until nobody changed one meanwhile. Then it is refused. */
export const CAPSULE_ROW_ATTEMPTS_MAX = 5;
/** Times that a store is asked which does not answer, and the pause after the first one, milliseconds, which grows by as much. */
export const CAPSULE_ATTEMPTS_MAX = 8;
export const CAPSULE_RETRY_MS = 100;

/** Rebuilding the search index: events of one stretch, logs at once, and times that a store is asked which does not answer. */
export const REINDEX_RUN_EVENTS = 2_048;
export const REINDEX_LOGS_AT_ONCE = 8;
export const REINDEX_ATTEMPTS_MAX = 8;
/** Failures of one thing beside the engine (a hook, a service, a way of notifications) are told to the operator so often, milliseconds. */
export const FAILURE_REPORT_MS = 10_000;

// ---------------------------------------------------------------------------------------------- the assistant

/** Answers that grow in one room at a time: each stands in its state with its text. Ends as `too_many_runs`. */
export const AI_RUNS_PER_ROOM_MAX = 8;
/**
 * Answers that a node asks providers for at once, and questions that wait for one to end. Ends as `overloaded`. Bun sends 256 requests of
 * a process at once, and has the others wait: hooks, webhooks and notifications need what is left.
 */
export const AI_RUNS_MAX = 240;
export const AI_WAITING_MAX = 256;
/** Pieces of one answer are shown no more often, milliseconds: 25 a second. The first one is shown at once. */
export const AI_PIECE_INTERVAL_MS = 40;
/** Where more than 80 answers of a shard grow at once, pieces of each come less often: half a millisecond for each, up to this. */
export const AI_PIECE_INTERVAL_MS_MAX = 100;
/** What is due of all answers of a shard waits for one another so long, milliseconds. */
export const AI_BEAT_MS = 20;
/** An answer that grows is saved so often, milliseconds: with the beat and the patience a second, which is what a crash may take. */
export const AI_CHECKPOINT_MS = 930;
/** What nobody waits for is written with what somebody does, or after so long, milliseconds: checkpoints, ends, what is remembered. */
export const AI_WRITE_PATIENCE_MS = 50;
/** The same for reserving and settling tokens: a question waits for it. */
export const AI_BUDGET_PATIENCE_MS = 10;
/** Pause before the end of an answer that could not be written is tried again, milliseconds. */
export const AI_RETRY_MS = 500;
/** Messages that a question is given, and those that a summary looks at. Older ones are left out. */
export const AI_CONTEXT_MESSAGES = 30;
export const AI_SUMMARY_MESSAGES = 100;
/** Turns of a conversation that are remembered; the oldest are forgotten first. */
export const AI_REMEMBERED_TURNS_MAX = 8;
/** Characters of one remembered turn outside of rooms. Cut. */
export const AI_REMEMBERED_LENGTH_MAX = 2_000;
/** Characters of a question over REST and of what it is said to be about. Reject `invalid_field`. */
export const AI_QUESTION_LENGTH_MAX = 5_000;
export const AI_TOPIC_LENGTH_MAX = 500;
/** Attempts to write a budget's row that other nodes write just then. Beyond: the question ends as `overloaded`. */
export const AI_BUDGET_ATTEMPTS_MAX = 10;
/** Remembered conversations that are looked at for expired ones with each that is written. */
export const AI_FORGOTTEN_AT_ONCE = 20;
/** A provider that says when to come back is waited for so long, where there is no other, milliseconds. */
export const AI_PROVIDER_WAIT_MS_MAX = 2_000;
/** One that asks for patience is left alone for no longer, milliseconds: a wrong number is not to be the last word. */
export const AI_COOL_DOWN_MS_MAX = 3_600_000;
/** What is due of all answers leaves the providers' thread together, milliseconds apart; the first piece of an answer does not wait. */
export const AI_BLOCK_INTERVAL_MS = 10;
/** Pieces in one block: a message waits behind it. What is beyond goes with the next. */
export const AI_BLOCK_PIECES_MAX = 32;
/** Pieces leave the providers' thread so much less often than they may be shown, milliseconds: what comes a little early would wait for a beat. */
export const AI_PACE_SLACK_MS = 4;
/** Bytes of a provider's answer to a question of moderation that are read. Beyond: no verdict. */
export const AI_VERDICT_LENGTH_MAX = 2_000;
/** Tenants of which a shard knows where it looked for expired conversations last. Of others it begins at the first. */
export const AI_TENANTS_LOOKED_AT_MAX = 10_000;
/** How long an edge waits for a private answer, milliseconds: the longest `STOA_AI_RUN_MS`, and a wait for a free place. */
export const AI_ASK_MS_MAX = 660_000;
/**
 * "Why did this member not get this message?" What a shard, and an edge, remembers of tenants that want to ask: entries, 4 MB,
 * the oldest go first; and for how long, milliseconds.
 */
export const TRACE_ENTRIES_MAX = 20_000;
export const TRACE_KEPT_MS = 60 * 60_000;
/** Minutes for which it is switched on: a day. Reject `invalid_field`. */
export const TRACE_MINUTES_MAX = 1_440;
/** Events that are looked through for somebody's coming and going after the message: some milliseconds. Beyond: nobody knows. */
export const TRACE_EVENTS_MAX = 2_000;
/** Sockets of one person that one edge tells of; the latest ones. */
export const TRACE_SOCKETS_MAX = 50;
/** Sockets of a room that are looked at for what they have not taken, with each frame. In larger rooms it is not looked at. */
export const TRACE_SOCKETS_LOOKED_AT_MAX = 256;
/** How long other nodes are waited for, milliseconds, and questions to them that are open. Reject `overloaded`. */
export const TRACE_WAIT_MS = 1_000;
export const TRACE_QUESTIONS_MAX = 256;

// ------------------------------------------------------------------------------- what leaves the engine

/** Addresses of one name that are looked at before somebody connects to it. Beyond: it counts as unknown. */
export const OUTWARD_ADDRESSES_MAX = 64;
/** Entries of `STOA_OUTWARD_ALLOW`. */
export const OUTWARD_ALLOWED_MAX = 100;
/** Calls of consumers to the engine that are under way at once, and that wait: beyond, `overloaded`. */
export const FOLLOW_CALLS_AT_ONCE = 64;
export const FOLLOW_CALLS_WAITING_MAX = 4_096;
/** Rooms' held messages, and their open reports, that an administrator's queue counts. Beyond: it says so. */
export const QUEUE_ITEMS_MAX = 1_000;
/** How this node has been lately: a sample every 2 s, for 10 minutes; 50 KB. */
export const PULSE_EVERY_MS = 2_000;
export const PULSE_SAMPLES_MAX = 300;
/** Answers of shards of which each sample knows the time; further ones are left out. */
export const ANSWER_SAMPLES_MAX = 1_024;
/** Nodes that are remembered after they are gone, and for how long, milliseconds; the oldest go first. */
export const PULSE_NODES_MAX = 64;
export const PULSE_NODE_KEPT_MS = 10 * 60_000;
/** Messages of a node that are followed at a time, and how long without an answer, milliseconds. Beyond: not followed. */
export const FOLLOWED_MESSAGES_MAX = 64;
export const FOLLOWED_MS_MAX = 30_000;
/** Spans that wait for the collector (beyond: dropped), that go at once, how often, and how long the last ones have at the end. */
export const SPANS_WAITING_MAX = 2_048;
export const SPANS_BATCH_MAX = 256;
export const SPANS_DELAY_MS = 1_000;
export const SPANS_LAST_MS_MAX = 2_000;
/** Entries of a tenant's feed that one page looks at, and bytes of its events as JSON. The rest with the next page. */
export const FEED_ENTRIES_MAX = 32;
export const FEED_PAGE_BYTES_MAX = 512 * 1024;
/** Rooms of one page that are asked at once. */
export const FEED_ROOMS_AT_ONCE = 16;
/**
 * For so long a room that gives no answer holds up its tenant's feed, milliseconds: longer than a node that is lost, or a store that
 * rests, takes. Then it is passed over, told of as missing, and comes when it can be read again.
 */
export const FEED_ROOM_PATIENCE_MS = 120_000;
/** Rooms of which it is known since when they give no answer. Beyond: the oldest is forgotten, and has its time anew. */
export const FEED_SILENT_ROOMS_MAX = 10_000;
/** How often rooms that were passed over are looked at again, milliseconds, and how many at once. */
export const FEED_PASSED_LOOK_MS = 30_000;
export const FEED_PASSED_PAGE = 100;
/** Stretches longer than this are not read from their beginning where only what is newer is wanted. */
export const FEED_SKIP_FROM = 1_000;
/** Times that the next place in a tenant's stream is tried that other nodes take. Beyond: `unavailable`, and again. */
export const FEED_APPEND_ATTEMPTS_MAX = 20;
/** Entries that are taken away at once, pages of one tenant in a row, and how often, milliseconds: more than one can write. */
export const FEED_TRIM_PAGE = 100;
export const FEED_TRIM_PAGES_MAX = 20;
export const FEED_TRIM_MS = 5_000;
/** Tenants with a feed. Beyond: not followed. */
export const FEED_TENANTS_MAX = 10_000;
/** Requests of one node that wait for a feed to go on; beyond, `overloaded`. And how often they look by themselves, milliseconds. */
export const FEED_WAITING_MAX = 1_000;
export const FEED_LOOK_MS = 1_000;
/** The longest such wait, milliseconds: below what proxies and the server's own idle time allow. */
export const FEED_WAIT_MS_MAX = 20_000;
/** How often each node looks which tenants have a feed, and what was changed, milliseconds. */
export const FEED_WATCH_MS = 2_000;
/** How far nodes' clocks, and an event and its entry, may be apart for a start at a moment, milliseconds. */
export const FEED_CLOCKS_APART_MS = 60_000;
/** Named consumers of a tenant, and characters of a name. Reject `too_many`, `invalid_field`. */
export const FEED_CONSUMERS_MAX = 100;
export const FEED_NAME_LENGTH_MAX = 64;
/** Rooms and types of one filter. Reject `invalid_field`. */
export const FEED_FILTER_ROOMS_MAX = 100;
/** Webhooks of a tenant, and of one node that are delivered to. Reject `too_many`; beyond, the rest waits for other nodes. */
export const WEBHOOKS_MAX = 20;
/** Of a tenant that wait on one node for their turn to be made: more than may be made by far. Reject `overloaded`. */
export const WEBHOOKS_WAITING_MAX = 100;
export const WEBHOOK_RUNNERS_MAX = 10_000;
/** Events of one request. With their bytes (`FEED_PAGE_BYTES_MAX`) that is what one delivery holds in memory. */
export const WEBHOOK_EVENTS_MAX = 250;
/** Deliveries of one node that are under way at once: each holds a page, and the next one. The rest waits in the log. */
export const WEBHOOKS_AT_ONCE = 64;
/** Bytes of a receiver's answer that are read: none of them is looked at. */
export const WEBHOOK_ANSWER_BYTES_MAX = 4_096;
/** Tests, and dead letters that are posted once more, of one node at once. Reject `overloaded`. */
export const WEBHOOK_PROBES_MAX = 16;
/** Dead letters of one webhook; beyond, it is disabled. And of one page. */
export const WEBHOOK_DEAD_MAX = 1_000;
export const WEBHOOK_DEAD_PAGE = 100;
/** How long the secret before the last one signs, too, milliseconds: time to bring the new one to all receivers. */
export const WEBHOOK_OVERLAP_MS = 24 * 60 * 60_000;
/** Characters of a webhook's description. Reject `invalid_field`. */
export const WEBHOOK_DESCRIPTION_LENGTH_MAX = 200;
/** Pause before the first repetition of a delivery, milliseconds; it doubles, and what is drawn of it by lot is half of it. */
export const WEBHOOK_RETRY_MS = 1_000;
/** A place that only went past what was not wanted is written down so often, milliseconds. */
export const WEBHOOK_PLACE_MS = 10_000;
/** EventBridge: entries and bytes of one request, as the service takes them; attempts, and the longest of a request, milliseconds. */
export const EVENTBRIDGE_BATCH_MAX = 10;
export const EVENTBRIDGE_BATCH_BYTES_MAX = 256 * 1024;
/** Logs of which it is remembered how far a run came that was given up; beyond, some of it is sent again. */
export const EVENTBRIDGE_REMEMBERED_MAX = 10_000;
export const EVENTBRIDGE_ATTEMPTS_MAX = 3;
export const EVENTBRIDGE_REQUEST_MS_MAX = 10_000;
/** Runs in which the bus may refuse an entry for what it is, some eight minutes: then it is dropped, and the operator told. */
export const EVENTBRIDGE_REFUSALS_MAX = 20;
