/** Who is in the room, with roles and presence, and what those who run it may do to them. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Role } from "../../client/stoa-chat.ts";
import { Avatar } from "../ui/avatar.tsx";
import { Button } from "../ui/button.tsx";
import { MenuButton, type MenuItem } from "../ui/menu.tsx";
import { rove } from "../ui/roving.ts";
import { Tabs } from "../ui/tabs.tsx";
import { attempt, openDirect } from "./actions.ts";
import { roomPath } from "./paths.ts";
import { AddMember } from "./add-member.tsx";
import { PanelFrame } from "./panel-frame.tsx";
import { mayChange, mayModerate, ruleOver } from "./roles.ts";
import { Sanctions } from "./sanctions.tsx";
import { session } from "./session.ts";
import type { MemberJson, PageJson } from "./types.ts";
import { dialog } from "./ui-state.ts";
import { useLoaded } from "./use-loaded.ts";

interface MembersJson {
  readonly members: readonly MemberJson[];
  readonly pagination: PageJson & { readonly total: number };
}

const PAGE = 100;
const CHANGES = ["user_joined", "user_left", "member_updated"];

const LISTS = [
  ["members", "Members"],
  ["mutes", "Muted"],
  ["bans", "Banned"],
] as const;

export function MembersPanel({ roomId }: { readonly roomId: string }) {
  const list = useSignal<(typeof LISTS)[number][0]>("members");
  const { memberCount } = session().state(roomId).value;
  const total = memberCount ?? session().room(roomId)?.memberCount;
  const shown = list.value;
  return (
    <PanelFrame title={total === undefined ? "Members" : `Members (${total.toLocaleString()})`}>
      {mayModerate(roomId) && (
        <div class="search-head">
          <Tabs
            label="Which list"
            value={shown}
            tabs={LISTS}
            onChange={(chosen) => {
              list.value = chosen;
            }}
          />
        </div>
      )}
      {shown === "members" ? <Members roomId={roomId} /> : <Sanctions key={shown} roomId={roomId} collection={shown} />}
    </PanelFrame>
  );
}

function Members({ roomId }: { readonly roomId: string }) {
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
    <>
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
    </>
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
  const sanction = (what: "mute" | "ban"): void => {
    dialog.value = { kind: "sanction", what, userId, name };
  };
  const roles = mayChange(roomId) && rules ? ROLES.filter((one) => one !== role && one !== "owner") : [];
  const items: (MenuItem | false)[] = [
    { label: "Send a message", icon: "mail", run: () => void attempt(openDirect(userId)) },
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
    rules && { label: "Mute …", icon: "mute", line: true, run: () => sanction("mute") },
    rules && {
      label: "Remove from the room",
      icon: "leave",
      danger: true,
      run: () => ask(client.request({ type: "remove_member", roomId, userId }), `${name} was removed.`),
    },
    rules && { label: "Ban …", icon: "ban", danger: true, run: () => sanction("ban") },
  ];
  return items.filter((item) => item !== false);
}
