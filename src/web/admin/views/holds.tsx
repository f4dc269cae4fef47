/** Legal holds: what is not deleted, neither by age nor by an erasure, until somebody lifts the hold. */
import { useAct, useAdmin } from "../context.ts";
import { moment } from "../format.ts";
import { useLoaded } from "../live.ts";
import { Button } from "../../ui/button.tsx";
import { Card, Load, Pill, RowActs } from "../parts/basics.tsx";
import { Table } from "../parts/table.tsx";

interface Hold {
  readonly scope: "tenant" | "room" | "user";
  readonly id: string | null;
  readonly by: string;
  readonly at: string;
  readonly reason: string | null;
}

const pathOf = ({ scope, id }: Pick<Hold, "scope" | "id">): string =>
  scope === "tenant" ? "/admin/holds/tenant" : `/admin/holds/${scope}s/${encodeURIComponent(id ?? "")}`;
const nameOf = ({ scope, id }: Pick<Hold, "scope" | "id">): string =>
  scope === "tenant" ? "the whole tenant" : `${scope} ${id}`;

export function HoldsView() {
  const { api } = useAdmin();
  const act = useAct();
  const loaded = useLoaded("holds", () => api.get<{ holds: readonly Hold[] }>("/admin/holds"));
  const lift = (hold: Hold): void =>
    act(
      {
        title: `Lift the hold on ${nameOf(hold)}?`,
        effect: "From then on retention and erasures delete it again; what is due goes with the next sweep.",
        verb: "Lift hold",
        isDangerous: true,
      },
      () => api.send("DELETE", pathOf(hold)),
      `The hold on ${nameOf(hold)} is lifted.`,
      loaded.reload,
    );
  const placeAll = (): void =>
    act(
      {
        title: "Legal hold on the whole tenant?",
        effect: "Nothing of any room or person is deleted, neither by age nor by an erasure, until the hold is lifted.",
        verb: "Place hold",
        reason: "optional",
      },
      ({ reason }) => api.send("PUT", pathOf({ scope: "tenant", id: null }), reason === undefined ? {} : { reason }),
      "The whole tenant is on hold.",
      loaded.reload,
    );
  return (
    <Card title="Legal holds" isFlush actions={<Button onClick={placeAll}>Hold the whole tenant…</Button>}>
      <p class="lead lead-in">A hold on one room or one person is placed on its own page.</p>
      <Load loaded={loaded}>
        {({ holds }) => (
          <Table
            label="Legal holds"
            rows={holds}
            keyOf={(hold) => pathOf(hold)}
            empty="Nothing is on hold."
            columns={[
              { name: "What", show: (hold) => <b>{nameOf(hold)}</b> },
              { name: "Kind", show: ({ scope }) => <Pill tone="warn">{scope}</Pill> },
              { name: "Reason", show: ({ reason }) => reason ?? "–" },
              { name: "By", isMinor: true, show: ({ by }) => by },
              { name: "Since", show: ({ at }) => moment(at) },
              {
                name: "",
                show: (hold) => (
                  <RowActs>
                    <Button small onClick={() => lift(hold)}>
                      Lift…
                    </Button>
                  </RowActs>
                ),
              },
            ]}
          />
        )}
      </Load>
    </Card>
  );
}
