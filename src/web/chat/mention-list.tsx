/** What is offered for what one has begun: members for `@be`, emoji for `:fi`. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Avatar } from "../ui/avatar.tsx";
import { type Completed, stillMeant } from "./completion.ts";
import { emojiLike } from "./emoji-names.ts";
import { roomPath } from "./paths.ts";
import { session } from "./session.ts";
import type { MemberJson } from "./types.ts";

export interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly avatar?: string | undefined;
  /** It is one, and nobody. */
  readonly emoji?: string;
}

const SHOWN_MAX = 6;
const WAIT_MS = 90;

/** `undefined`: nothing has been begun. */
export function useCandidates(roomId: string, begun: Completed | undefined): readonly Candidate[] {
  const people = usePeople(roomId, begun?.kind === "person" ? begun.prefix : undefined);
  if (begun?.kind !== "emoji") return people;
  return emojiLike(begun.prefix, SHOWN_MAX).map(({ emoji, name }) => ({ id: name, name, emoji }));
}

/** What stands in the text then. */
export function textOf({ id, emoji }: Candidate): string {
  return emoji ?? `@${id} `;
}

interface Found {
  readonly roomId: string;
  /** What they were found for. */
  readonly prefix: string;
  readonly people: readonly Candidate[];
}

function usePeople(roomId: string, prefix: string | undefined): readonly Candidate[] {
  const found = useSignal<Found | undefined>(undefined);
  useEffect(() => {
    if (prefix === undefined) return;
    let isWanted = true;
    const timer = setTimeout(() => {
      const query = prefix === "" ? "" : `&prefix=${encodeURIComponent(prefix)}`;
      session()
        .client.rest<{ members: readonly MemberJson[] }>(
          "GET",
          roomPath(roomId, `/members?limit=${SHOWN_MAX + 1}${query}`),
        )
        .then(
          ({ members }) => {
            if (!isWanted) return;
            const people = members
              .filter(({ userId }) => userId !== session().account.userId)
              .map(({ userId, displayName, avatar }) => ({
                id: userId,
                name: displayName ?? userId,
                avatar: avatar ?? undefined,
              }));
            found.value = { roomId, prefix, people: [...people, ...special(roomId, prefix)].slice(0, SHOWN_MAX) };
          },
          () => {
            if (isWanted) found.value = undefined;
          },
        );
    }, WAIT_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [roomId, prefix]);
  return prefix === undefined || found.value?.roomId !== roomId ? [] : stillMeant(found.value, prefix);
}

function special(roomId: string, prefix: string): readonly Candidate[] {
  const room = session().room(roomId);
  const names: Candidate[] = [];
  if (room?.enableAI) names.push({ id: "assistant", name: "Ask the assistant" });
  if (room?.type !== "direct") names.push({ id: "room", name: "Everybody in this room" });
  return names.filter(({ id }) => id.startsWith(prefix.toLowerCase()));
}

export interface MentionListProps {
  readonly id: string;
  readonly candidates: readonly Candidate[];
  readonly chosen: number;
  readonly onPick: (candidate: Candidate) => void;
}

export function MentionList({ id, candidates, chosen, onPick }: MentionListProps) {
  return (
    <div class="mentions" id={id} role="listbox" aria-label={candidates[0]?.emoji === undefined ? "People" : "Emoji"}>
      {candidates.map((candidate, at) => (
        <div
          key={candidate.id}
          id={`${id}-${at}`}
          role="option"
          tabIndex={-1}
          aria-selected={at === chosen}
          class="menu-item"
          onPointerDown={(event) => {
            event.preventDefault();
            onPick(candidate);
          }}
        >
          {candidate.emoji === undefined ? (
            <Avatar id={candidate.id} name={candidate.name} src={candidate.avatar} size={22} />
          ) : (
            <span aria-hidden="true">{candidate.emoji}</span>
          )}
          <span class="cut">{candidate.name}</span>
          {candidate.emoji === undefined && <span class="faint small">@{candidate.id}</span>}
        </div>
      ))}
    </div>
  );
}
