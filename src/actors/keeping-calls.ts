/**
 * What the engine asks of rooms and of its own people on behalf of retention and erasure; never anybody with a token.
 * Each is one bounded step that may be repeated, so whoever runs a long work keeps nothing but how far it is.
 */
import type { ItemKey, RoomId, Seq, TenantId, UserId } from "../base/ids.ts";
import type { Role } from "../domain/room/vocabulary.ts";
import type { ListedDocument, StoredDocument } from "../storage/projections.ts";

/** A place in a room's log, and the messages up to there. */
export interface LogPlace {
  readonly seq: Seq;
  readonly no: number;
}

export type KeepAsk =
  /** What retention would take next, from `after` on, or from the front. `heldUsers`: nothing that they wrote goes. */
  | { readonly do: "due"; readonly after?: LogPlace; readonly heldUsers: readonly UserId[] }
  /** First that it is so, then a part of the work; to be asked until there is no `more`. */
  | { readonly do: "trim"; readonly through: LogPlace }
  | { readonly do: "find"; readonly userId: UserId; readonly after: Seq }
  | { readonly do: "find_rows"; readonly userId: UserId; readonly collection: string; readonly after?: string }
  /**
   * Of a page of members, and of `best`, who would have the room if this person, its last owner, left; nobody where they are
   * not that.
   */
  | { readonly do: "find_heir"; readonly userId: UserId; readonly after?: UserId; readonly best?: Heir }
  | { readonly do: "erase_member"; readonly userId: UserId; readonly heir?: UserId }
  | { readonly do: "erase_messages"; readonly userId: UserId; readonly targets: readonly Seq[] }
  | { readonly do: "erase_quotes"; readonly targets: readonly Seq[] }
  | { readonly do: "erase_rows"; readonly userId: UserId; readonly keys: readonly ItemKey[] }
  | { readonly do: "rewrite"; readonly userId: UserId; readonly after: Seq }
  /** What the room keeps in memory goes, and what its store keeps of former versions. */
  | { readonly do: "finish"; readonly userId: UserId };

/** A member who may be made the owner of a room that has none left. */
export interface Heir {
  readonly userId: UserId;
  readonly role: Role;
  readonly joinedSeq: Seq;
}

/** What of a room's front is older than the room keeps it. */
export interface DueView {
  /** Days; 0: for ever. */
  readonly days: number;
  readonly trimmed: LogPlace;
  /** Absent: nothing is due. */
  readonly through?: LogPlace;
  readonly segments: number;
  readonly messages: number;
  readonly bytes: number;
  /** Of the oldest event, milliseconds since 1970; absent: there is none. */
  readonly oldestMs?: number;
  /** There may be more behind `through`. */
  readonly more: boolean;
  /** A person whose messages are held stopped it. */
  readonly held: boolean;
}

export interface KeepReply {
  readonly due?: DueView;
  /** Of `trim`: the first sequence that is still stored. Of the others: there is more to ask. */
  readonly front?: Seq;
  readonly more?: boolean;
  /** Of `find`. */
  readonly targets?: readonly Seq[];
  readonly quotes?: readonly Seq[];
  /** Uploads of the messages found, and of the person. */
  readonly files?: readonly string[];
  /** Messages of the person, whether they were erased before or not. */
  readonly seen?: readonly Seq[];
  readonly next?: Seq;
  /** Of `find_heir`; with `after` there are more members to look at. */
  readonly heir?: Heir;
  /** Of `find_rows`. */
  readonly keys?: readonly ItemKey[];
  readonly after?: string;
  /** Events, or rows, that were changed. */
  readonly changed?: number;
}

export type UserKeepAsk =
  | { readonly do: "logs"; readonly tenant?: TenantId; readonly after?: string; readonly limit: number }
  /** `backward`: the last ones first. */
  | {
      readonly do: "documents";
      readonly collection: string;
      readonly after?: string;
      readonly limit: number;
      readonly backward?: boolean;
    }
  | { readonly do: "document"; readonly collection: string; readonly id: string }
  | {
      readonly do: "write";
      readonly collection: string;
      readonly id: string;
      readonly value: object | null;
      readonly expectedVersion: number;
    }
  /** An entry in the tenant's audit log. */
  | { readonly do: "note"; readonly room?: RoomId; readonly place: string; readonly entry: object }
  /** Documents of one kind that are about a person, a page of them; `store` is a place in `DOCUMENT_ERASERS`. */
  | { readonly do: "erase_documents"; readonly userId: UserId; readonly store: number; readonly after?: string }
  /** Of the person that the call is addressed to: what their actor holds, their row, their marks. */
  | { readonly do: "forget" }
  /** The store as a whole. */
  | { readonly do: "clean" };

export interface KeptLog {
  readonly tenant: TenantId;
  readonly room: RoomId;
  /** Days that the room's own settings say; 0: none. */
  readonly days: number;
  /** Of the first segment that is stored; absent: there is none, or none with a message. */
  readonly oldestMs?: number;
  readonly isDeleted: boolean;
}

export interface UserKeepReply {
  readonly logs?: readonly KeptLog[];
  readonly next?: string;
  readonly documents?: readonly ListedDocument[];
  /** `null`: there is none. */
  readonly document?: StoredDocument | null;
  readonly written?: boolean;
  readonly rows?: number;
  /** Of `erase_documents`: the kind, and where the next page begins. Without a name there is no such kind. */
  readonly store?: string;
  readonly after?: string;
  readonly cleaned?: "clean" | "too_large";
}
