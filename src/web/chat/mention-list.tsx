/** Whom one may mean by what stands behind the `@`: members whose name begins so. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Avatar } from "../ui/avatar.tsx";
import { roomPath } from "./paths.ts";
import { session } from "./session.ts";
import type { MemberJson } from "./types.ts";

export interface Candidate {
  readonly id: string;
  readonly name: string;
  readonly avatar?: string | undefined;
}

const SHOWN_MAX = 6;
const WAIT_MS = 90;

/** The beginning of a name right before the cursor, if there is one. */
export function mentionAt(
  text: string,
  cursor: number,
): { readonly from: number; readonly prefix: string } | undefined {
  const found = /(?:^|\s)@([\p{L}\p{N}_.-]{0,40})$/u.exec(text.slice(0, cursor));
  if (found === null) return undefined;
  const prefix = found[1] ?? "";
  return { from: cursor - prefix.length - 1, prefix };
}

export function useCandidates(roomId: string, prefix: string | undefined): readonly Candidate[] {
  const found = useSignal<readonly Candidate[]>([]);
  useEffect(() => {
    if (prefix === undefined) {
      found.value = [];
      return;
    }
    const timer = setTimeout(() => {
      const query = prefix === "" ? "" : `&prefix=${encodeURIComponent(prefix)}`;
      session()
        .client.rest<{ members: readonly MemberJson[] }>(
          "GET",
          roomPath(roomId, `/members?limit=${SHOWN_MAX + 1}${query}`),
        )
        .then(
          ({ members }) => {
            const people = members
              .filter(({ userId }) => userId !== session().account.userId)
              .map(({ userId, displayName, avatar }) => ({
                id: userId,
                name: displayName ?? userId,
                avatar: avatar ?? undefined,
              }));
            found.value = [...people, ...special(roomId, prefix)].slice(0, SHOWN_MAX);
          },
          () => {
            found.value = [];
          },
        );
    }, WAIT_MS);
    return () => clearTimeout(timer);
  }, [roomId, prefix]);
  return found.value;
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
    <div class="mentions" id={id} role="listbox" aria-label="People">
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
          <Avatar id={candidate.id} name={candidate.name} src={candidate.avatar} size={22} />
          <span class="cut">{candidate.name}</span>
          <span class="faint small">@{candidate.id}</span>
        </div>
      ))}
    </div>
  );
}
