/** What is too old now, by room, and letting it go without waiting for the next sweep. */
import { useAct, useAdmin } from "../context.ts";
import { bytes, count, moment, plural } from "../format.ts";
import { useLoaded } from "../live.ts";
import { Button } from "../../ui/button.tsx";
import { Card, Load, Pill } from "../parts/basics.tsx";
import { Pager, Table, usePages } from "../parts/table.tsx";
import { goTo } from "../use-route.ts";

interface Due {
  readonly roomId: string;
  readonly days: number;
  readonly messages: number;
  readonly segments: number;
  readonly bytes: number;
  readonly oldest: string | null;
  readonly held: "tenant" | "room" | "user" | null;
}
interface DuePage {
  readonly rooms: readonly Due[];
  readonly pagination: { readonly hasMore: boolean; readonly after: string | null };
}

export function RetentionView() {
  const { api } = useAdmin();
  const act = useAct();
  const pages = usePages();
  const loaded = useLoaded(`retention ${pages.after}`, () =>
    api.get<DuePage>("/admin/retention", { after: pages.after }),
  );
  const run = ({ rooms }: DuePage): void => {
    const messages = rooms.reduce((sum, room) => sum + (room.held === null ? room.messages : 0), 0);
    act(
      {
        title: `Delete ${plural(messages, "message")} now?`,
        effect:
          "What is older than its room keeps it is deleted from the log and the store, with its files. Nothing brings it back.",
        verb: "Delete now",
        isDangerous: true,
        retype: "delete",
      },
      () =>
        api.send(
          "POST",
          `/admin/retention${pages.after === undefined ? "" : `?after=${encodeURIComponent(pages.after)}`}`,
        ),
      "What was too old is gone.",
      loaded.reload,
    );
  };
  return (
    <Card
      title="What is too old now"
      isFlush
      actions={
        <Button
          kind="danger"
          disabled={
            loaded.data === undefined ||
            loaded.data.rooms.every(({ messages, held }) => messages === 0 || held !== null)
          }
          onClick={() => loaded.data !== undefined && run(loaded.data)}
        >
          Delete now…
        </Button>
      }
    >
      <p class="lead lead-in">
        A dry run: nothing is deleted by looking. Rooms say how many days they keep messages, and the installation may;
        a sweep deletes by itself what is older.
      </p>
      <Load loaded={loaded}>
        {({ rooms, pagination }) => (
          <>
            <Table
              label="What is too old"
              rows={rooms}
              keyOf={({ roomId }) => roomId}
              open={({ roomId }) => goTo(["rooms", roomId])}
              empty={
                pagination.hasMore
                  ? "In the rooms of this page nothing is older than it is kept."
                  : "Nothing is older than it is kept."
              }
              columns={[
                { name: "Room", show: ({ roomId }) => <b>{roomId}</b> },
                { name: "Kept for", show: ({ days }) => plural(days, "day") },
                { name: "Messages", isNumber: true, show: ({ messages }) => count(messages) },
                { name: "Size", isNumber: true, show: ({ bytes: size }) => bytes(size) },
                { name: "Oldest", show: ({ oldest }) => moment(oldest) },
                { name: "Held", show: ({ held }) => (held === null ? "–" : <Pill tone="warn">by {held}</Pill>) },
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
