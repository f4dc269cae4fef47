/** What was done in all rooms of the tenant and to its people, newest first. */
import { useState } from "preact/hooks";
import { useAdmin } from "../context.ts";
import { moment, words } from "../format.ts";
import { useLoaded } from "../live.ts";
import { Button } from "../../ui/button.tsx";
import { Card, Load, Text } from "../parts/basics.tsx";
import { Pager, Table, usePages } from "../parts/table.tsx";
import { hrefOf } from "../route.ts";

interface Entry {
  readonly entryId: string;
  readonly action: string;
  readonly by: string;
  readonly at: string;
  readonly roomId?: string;
  readonly userId?: string;
  readonly messageId?: string;
  readonly reason?: string;
  readonly details?: Readonly<Record<string, string>>;
}
interface EntryPage {
  readonly entries: readonly Entry[];
  readonly pagination: { readonly hasMore: boolean; readonly after: string | null };
}

const FIELDS = [
  ["action", "Action", "user_suspended"],
  ["by", "By", "Id of who did it"],
  ["userId", "To whom", "Id of a person"],
  ["roomId", "Room", "Id of a room"],
] as const;
type Filter = Readonly<Record<string, string>>;

export function AuditView({ query }: { readonly query: Filter }) {
  const { api } = useAdmin();
  const [draft, setDraft] = useState<Filter>(query);
  const [filter, setFilter] = useState<Filter>(query);
  const pages = usePages();
  const wanted = { ...filter, limit: 50, after: pages.after };
  const loaded = useLoaded(`audit ${JSON.stringify(wanted)}`, () => api.get<EntryPage>("/admin/audit", wanted));
  const submit = (event: Event): void => {
    event.preventDefault();
    const given = Object.entries(draft).map(([name, value]): [string, string] => [name, value.trim()]);
    setFilter(Object.fromEntries(given.filter(([, value]) => value !== "")));
    pages.restart();
  };
  return (
    <Card isFlush>
      <form class="filters" onSubmit={submit}>
        {FIELDS.map(([field, name, example]) => (
          <Text
            key={field}
            name={name}
            value={draft[field] ?? ""}
            onInput={(value) => setDraft({ ...draft, [field]: value })}
            placeholder={example}
          />
        ))}
        <Button type="submit">Look</Button>
      </form>
      <Load loaded={loaded}>
        {({ entries, pagination }) => (
          <>
            <Table
              label="Audit log"
              rows={entries}
              keyOf={({ entryId }) => entryId}
              empty={pagination.hasMore ? "Nothing here; older pages may have something." : "Nothing was done yet."}
              columns={[
                { name: "When", show: ({ at }) => <span class="nowrap">{moment(at)}</span> },
                { name: "What", show: ({ action }) => <b>{words(action)}</b> },
                { name: "By", show: ({ by }) => <Whom id={by} /> },
                { name: "To", show: (entry) => <To entry={entry} /> },
                { name: "Why, and how", show: (entry) => <Why entry={entry} /> },
              ]}
            />
            <Pager
              pages={pages}
              next={pagination.hasMore && pagination.after !== null ? pagination.after : undefined}
            />
          </>
        )}
      </Load>
    </Card>
  );
}

function Whom({ id }: { readonly id: string }) {
  return id === "system" ? <i>the engine</i> : <a href={hrefOf(["people", id])}>{id}</a>;
}

function To({ entry: { userId, roomId } }: { readonly entry: Entry }) {
  return (
    <span class="named">
      {userId !== undefined && <Whom id={userId} />}
      {roomId !== undefined && (
        <small>
          in <a href={hrefOf(["rooms", roomId])}>{roomId}</a>
        </small>
      )}
    </span>
  );
}

function Why({ entry: { reason, details = {}, messageId } }: { readonly entry: Entry }) {
  const told = Object.entries(details).filter(([, value]) => value !== "");
  return (
    <span class="named">
      {reason !== undefined && <span>“{reason}”</span>}
      {messageId !== undefined && <small>{messageId}</small>}
      {told.length > 0 && (
        <small>{told.map(([name, value]) => `${words(name)}: ${readable(name, value)}`).join(" · ")}</small>
      )}
    </span>
  );
}

/** Points in time stand there as numbers. */
function readable(name: string, value: string): string {
  const isTime = (name === "until" || name === "before") && /^\d{12,14}$/.test(value);
  return isTime ? moment(new Date(Number(value)).toISOString()) : value;
}
