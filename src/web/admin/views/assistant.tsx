/** What the assistant has cost today, and what it did since the server started. */
import { useAdmin } from "../context.ts";
import { count, percent } from "../format.ts";
import { usePolled } from "../live.ts";
import { Card, Fact, Facts, Load, Nothing, Pill } from "../parts/basics.tsx";
import { Table } from "../parts/table.tsx";
import type { OverviewNode } from "../pulse-history.ts";

interface Purse {
  readonly tokens: number;
  readonly requests: number;
  readonly tokensPerDay: number | null;
}
interface Usage {
  readonly isConfigured: boolean;
  readonly providers: readonly { readonly name: string; readonly model: string }[];
  readonly day: string | null;
  readonly answers: Purse;
  readonly moderation: Purse;
  readonly perPerson: number | null;
  readonly perRoom: number | null;
}

const EVERY_MS = 5_000;

export function AssistantView() {
  const { api, overview } = useAdmin();
  const loaded = usePolled("assistant", EVERY_MS, () => api.get<Usage>("/admin/assistant"));
  return (
    <Load loaded={loaded}>
      {(usage) => (
        <>
          {!usage.isConfigured && (
            <Card>
              <Nothing>
                No assistant is configured: give the server <code>GEMINI_API_KEY</code> or <code>OPENAI_API_KEY</code>.
              </Nothing>
            </Card>
          )}
          <div class="grid-2">
            <PurseCard title="Answers today" purse={usage.answers} />
            <PurseCard title="Judging messages today" purse={usage.moderation} />
          </div>
          <Card title="Bounds of a day">
            <Facts>
              <Fact name="Tokens for each person">
                {usage.perPerson === null ? "no bound" : count(usage.perPerson)}
              </Fact>
              <Fact name="Tokens for each room">{usage.perRoom === null ? "no bound" : count(usage.perRoom)}</Fact>
              <Fact name="Day (UTC)">{usage.day ?? "–"}</Fact>
              <Fact name="Asked in this order">
                {usage.providers.length === 0
                  ? "–"
                  : usage.providers.map(({ name, model }) => `${name} (${model})`).join(", ")}
              </Fact>
            </Facts>
          </Card>
          {overview.data !== undefined && <Providers nodes={overview.data.nodes} />}
        </>
      )}
    </Load>
  );
}

function PurseCard({ title, purse }: { readonly title: string; readonly purse: Purse }) {
  const { tokens, requests, tokensPerDay } = purse;
  const share = tokensPerDay === null ? undefined : Math.min(1, tokens / tokensPerDay);
  return (
    <Card title={title}>
      <p class="big-figure">
        {count(tokens)} <small>tokens in {count(requests)} requests</small>
      </p>
      {share === undefined ? (
        <p class="lead">There is no bound.</p>
      ) : (
        <>
          <meter
            class="meter"
            min={0}
            max={1}
            low={0.7}
            high={0.9}
            optimum={0}
            value={share}
            aria-label={`${title}: used`}
          />
          <p class="lead">
            {percent(share * 100)} of {count(tokensPerDay ?? 0)} tokens a day
          </p>
        </>
      )}
    </Card>
  );
}

/** Of all tenants: only operators are told. */
function Providers({ nodes }: { readonly nodes: readonly OverviewNode[] }) {
  const names = [...new Set(nodes.flatMap(({ assistant }) => Object.keys(assistant.requests)))];
  const sum = (kind: "requests" | "failures" | "inputTokens" | "outputTokens", name: string): number =>
    nodes.reduce((all, { assistant }) => all + (assistant[kind][name] ?? 0), 0);
  return (
    <Card title="Providers, all tenants, since the nodes started" isFlush>
      <Table
        label="Providers"
        rows={names}
        keyOf={(name) => name}
        empty="No provider was asked yet."
        columns={[
          { name: "Provider", show: (name) => <b>{name}</b> },
          { name: "Requests", isNumber: true, show: (name) => count(sum("requests", name)) },
          {
            name: "Failures",
            isNumber: true,
            show: (name) => {
              const failures = sum("failures", name);
              return failures === 0 ? "0" : <Pill tone="warn">{count(failures)}</Pill>;
            },
          },
          { name: "Tokens in", isNumber: true, show: (name) => count(sum("inputTokens", name)) },
          { name: "Tokens out", isNumber: true, show: (name) => count(sum("outputTokens", name)) },
        ]}
      />
    </Card>
  );
}
