/** Who is in the room, with roles and presence, and what those who run it may do to them. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Role } from "../../client/stoa-chat.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button } from "../ui/button.tsx";
import { MenuButton, type MenuItem } from "../ui/menu.tsx";
import { rove } from "../ui/roving.ts";
import { attempt, openDirect, roomPath } from "./actions.ts";
import { AddMember } from "./add-member.tsx";
import { PanelFrame } from "./panel-frame.tsx";
import { mayChange, mayModerate, ruleOver } from "./roles.ts";
import { session } from "./session.ts";
import type { MemberJson, PageJson } from "./types.ts";
import { dialog } from "./ui-state.ts";
import { useLoaded } from "./use-loaded.ts";

interface MembersJson {
  readonly members: readonly MemberJson[];
  readonly pagination: PageJson & { readonly total: number };
}

const PAGE = 100;
const HOUR_MS = 3_600_000;
const CHANGES = ["user_joined", "user_left", "member_updated", "member_muted", "member_unmuted"];

export function MembersPanel({ roomId }: { readonly roomId: string }) {
  const { client } = session();
  const prefix = useSignal("");
  const more = useSignal<readonly MemberJson[]>([]);
  const list = useRef<HTMLUListElement>(null);
  const path = (after?: string | null): string => {
    const query = new URLSearchParams({
      limit: String(PAGE),
      ...(prefix.value.trim() !== "" && { prefix: prefix.value.trim() }),
      ...(after && { after }),
    });
    return roomPath(roomId, `/members?${query}`);
  };
  const first = useLoaded(() => client.rest<MembersJson>("GET", path()), [roomId, prefix.value]);
  useEffect(() => {
    void client.loadPresence(roomId).catch(() => undefined);
    return client.on("event", ({ roomId: room, event }) => {
      if (room === roomId && CHANGES.includes(event.type)) first.reload();
    });
  }, [roomId]);
  const page = first.value.value;
  const after = useSignal<string | null | undefined>(undefined);
  const next = after.value ?? page?.pagination.after;
  const members = [...(page?.members ?? []), ...more.value];
  const loadMore = async (): Promise<void> => {
    const found = await attempt(client.rest<MembersJson>("GET", path(next)));
    if (found === undefined) return;
    more.value = [...more.value, ...found.members];
    after.value = found.pagination.hasMore ? found.pagination.after : null;
  };
  return (
    <PanelFrame title={page === undefined ? "Members" : `Members (${page.pagination.total})`}>
      <div class="search-head">
        <input
          class="input"
          type="search"
          placeholder="Find a member"
          aria-label="Find a member"
          value={prefix.value}
          onInput={(event) => {
            more.value = [];
            after.value = undefined;
            prefix.value = event.currentTarget.value;
          }}
        />
        {mayModerate(roomId) && <AddMember roomId={roomId} />}
      </div>
      <div class="panel-body">
        {first.error.value && <p class="panel-note is-bad">{first.error.value}</p>}
        <ul ref={list} class="members" onKeyDown={(event) => rove(event, list)}>
          {members.map((member) => (
            <Member key={member.userId} roomId={roomId} member={member} />
          ))}
        </ul>
        {page?.pagination.hasMore && after.value !== null && (
          <Button small kind="quiet" wide onClick={() => void loadMore()}>
            More
          </Button>
        )}
      </div>
    </PanelFrame>
  );
}

function Member({ roomId, member }: { readonly roomId: string; readonly member: MemberJson }) {
  const { userId, displayName, avatar, role, isOnline } = member;
  const name = displayName ?? userId;
  const found = session()
    .state(roomId)
    .value.present.find((one) => one.userId === userId);
  const isSelf = userId === session().account.userId;
  return (
    <li class="member">
      <Avatar
        id={userId}
        name={name}
        src={avatar ?? undefined}
        size={30}
        dot={found?.status ?? (isOnline ? "online" : "offline")}
      />
      <span class="grow">
        <span class="row">
          <strong class="cut">{name}</strong>
          {isSelf && <span class="faint small">you</span>}
          {role !== "member" && <span class="tag">{role}</span>}
        </span>
        {found?.customStatus && <span class="faint small cut">{found.customStatus}</span>}
      </span>
      {!isSelf && (
        <MenuButton icon="more" small label={`What to do with ${name}`} items={() => itemsFor(roomId, member)} />
      )}
    </li>
  );
}

const ROLES: readonly Role[] = ["member", "moderator", "admin", "owner"];

function itemsFor(roomId: string, { userId, displayName, role }: MemberJson): readonly MenuItem[] {
  const { client } = session();
  const name = displayName ?? userId;
  const rules = ruleOver(roomId, role);
  const ask = (work: Promise<unknown>, done: string) => void attempt(work, done);
  const roles = mayChange(roomId) && rules ? ROLES.filter((one) => one !== role && one !== "owner") : [];
  const items: (MenuItem | false)[] = [
    { label: "Send a message", icon: "mail", run: () => void openDirect(userId) },
    {
      label: "Block",
      icon: "ban",
      run: () => ask(client.request({ type: "block_user", userId }), `${name} can't write to you any more.`),
    },
    {
      label: "Report",
      icon: "flag",
      run: () => {
        dialog.value = { kind: "report", userId, name };
      },
    },
    ...roles.map((one, at) => ({
      label: `Make ${one}`,
      icon: "crown" as const,
      line: at === 0,
      run: () => ask(client.request({ type: "set_role", roomId, userId, role: one }), `${name} is ${one} now.`),
    })),
    rules && {
      label: "Mute for an hour",
      icon: "mute",
      line: true,
      run: () =>
        ask(
          client.request({ type: "mute_member", roomId, userId, durationMs: HOUR_MS }),
          `${name} is muted for an hour.`,
        ),
    },
    rules && {
      label: "Unmute",
      icon: "bell",
      run: () => ask(client.request({ type: "unmute_member", roomId, userId }), `${name} may write again.`),
    },
    rules && {
      label: "Remove from the room",
      icon: "leave",
      danger: true,
      run: () => ask(client.request({ type: "remove_member", roomId, userId }), `${name} was removed.`),
    },
    rules && {
      label: "Ban",
      icon: "ban",
      danger: true,
      run: () => {
        dialog.value = {
          kind: "confirm",
          title: `Ban ${name}?`,
          text: "They leave the room and can't come back until the ban is lifted.",
          action: "Ban",
          run: () => ask(client.request({ type: "ban_member", roomId, userId }), `${name} is banned.`),
        };
      },
    },
  ];
  return items.filter((item) => item !== false);
}
