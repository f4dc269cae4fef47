/** What leaves the tenant: webhooks, how far each is and what its receiver refused; and consumers that fetch for themselves. */
import { useState } from "preact/hooks";
import { Button } from "../../ui/button.tsx";
import { useAct, useAdmin } from "../context.ts";
import { ago, count, moment } from "../format.ts";
import { usePolled } from "../live.ts";
import { Card, Load, Pill, Text, type Tone, RowActs } from "../parts/basics.tsx";
import { Table } from "../parts/table.tsx";
import { goTo } from "../use-route.ts";

export interface Webhook {
  readonly webhookId: string;
  readonly url: string;
  readonly description: string | null;
  readonly types: readonly string[] | null;
  readonly rooms: readonly string[] | null;
  readonly state: "active" | "paused" | "disabled";
  readonly disabled: { readonly reason: string; readonly at: string } | null;
  readonly delivered: number;
  readonly deadLetters: number;
  readonly lastDeliveredAt: string | null;
  readonly failing: { readonly since: string; readonly attempts: number; readonly why: string } | null;
  readonly by: string;
  readonly createdAt: string;
}
interface Consumer {
  readonly name: string;
  readonly entriesBehind: number;
  readonly types: readonly string[] | null;
  readonly by: string;
  readonly movedAt: string;
}

const EVERY_MS = 5_000;

export function FeedView() {
  return (
    <>
      <Webhooks />
      <Consumers />
    </>
  );
}

function Webhooks() {
  const { api } = useAdmin();
  const loaded = usePolled("webhooks", EVERY_MS, () => api.get<{ webhooks: readonly Webhook[] }>("/admin/webhooks"));
  return (
    <Card title="Webhooks" isFlush>
      <NewWebhook reload={loaded.reload} />
      <Load loaded={loaded}>
        {({ webhooks }) => (
          <Table
            label="Webhooks"
            rows={webhooks}
            keyOf={({ webhookId }) => webhookId}
            open={({ webhookId }) => goTo(["feed", webhookId])}
            empty="Nothing is posted anywhere yet."
            columns={[
              { name: "To", show: (hook) => <Receiver hook={hook} /> },
              { name: "State", show: (hook) => <HookState hook={hook} /> },
              { name: "Wants", isMinor: true, show: ({ types }) => types?.join(", ") ?? "everything" },
              { name: "Delivered", isNumber: true, show: ({ delivered }) => count(delivered) },
              { name: "Passed over", isNumber: true, show: ({ deadLetters }) => <Dead letters={deadLetters} /> },
              { name: "Last", show: ({ lastDeliveredAt }) => ago(lastDeliveredAt) },
            ]}
          />
        )}
      </Load>
    </Card>
  );
}

function Receiver({ hook: { url, description } }: { readonly hook: Webhook }) {
  return (
    <span class="named">
      <b>{hostOf(url)}</b>
      {description !== null && <small>{description}</small>}
    </span>
  );
}

/** What stands behind the host may be a secret. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

function Dead({ letters }: { readonly letters: number }) {
  return letters === 0 ? "0" : <Pill tone="bad">{count(letters)}</Pill>;
}

const TONES: Readonly<Record<Webhook["state"], Tone>> = { active: "good", paused: "quiet", disabled: "bad" };

export function HookState({ hook: { state, failing } }: { readonly hook: Webhook }) {
  if (state === "active" && failing !== null) return <Pill tone="warn">failing since {moment(failing.since)}</Pill>;
  return <Pill tone={TONES[state]}>{state}</Pill>;
}

function NewWebhook({ reload }: { readonly reload: () => void }) {
  const { api } = useAdmin();
  const act = useAct();
  const [url, setUrl] = useState("");
  const [secret, setSecret] = useState<string | undefined>(undefined);
  const submit = (event: Event): void => {
    event.preventDefault();
    act(
      {
        title: `Post events to ${hostOf(url)}?`,
        effect:
          "Everything that happens in all rooms of the tenant from now on is posted there, signed with a secret that is shown once.",
        verb: "Make webhook",
        reason: "optional",
        reasonName: "What it is for",
      },
      async ({ reason }) => {
        const body = { url, ...(reason !== undefined && { description: reason }) };
        setSecret((await api.send<{ readonly secret: string }>("POST", "/admin/webhooks", body)).secret);
        setUrl("");
      },
      "The webhook is made.",
      reload,
    );
  };
  return (
    <>
      <form class="filters" onSubmit={submit}>
        <Text name="Address of the receiver" value={url} onInput={setUrl} placeholder="https://example.org/stoa" />
        <Button type="submit" disabled={!/^https?:\/\/./.test(url)}>
          Make a webhook…
        </Button>
      </form>
      {secret !== undefined && <Secret secret={secret} />}
    </>
  );
}

export function Secret({ secret }: { readonly secret: string }) {
  return (
    <div class="notice" role="status">
      <span>
        The secret that its posts are signed with, shown this once: <code>{secret}</code>
      </span>
    </div>
  );
}

function Consumers() {
  const { api } = useAdmin();
  const act = useAct();
  const loaded = usePolled("consumers", EVERY_MS, () =>
    api.get<{ consumers: readonly Consumer[] }>("/admin/consumers"),
  );
  const forget = (name: string): void =>
    act(
      {
        title: `Forget the consumer ${name}?`,
        effect: "Its place in the feed is lost: whoever reads under this name begins at the beginning.",
        verb: "Forget it",
        isDangerous: true,
      },
      () => api.send("DELETE", `/admin/consumers/${encodeURIComponent(name)}`),
      `${name} is forgotten.`,
      loaded.reload,
    );
  return (
    <Card title="Consumers of the feed" isFlush>
      <Load loaded={loaded}>
        {({ consumers }) => (
          <Table
            label="Consumers of the feed"
            rows={consumers}
            keyOf={({ name }) => name}
            empty="Nobody reads the tenant's feed under a name."
            columns={[
              { name: "Consumer", show: ({ name }) => <b>{name}</b> },
              { name: "Behind", isNumber: true, show: ({ entriesBehind }) => count(entriesBehind) },
              { name: "Wants", isMinor: true, show: ({ types }) => types?.join(", ") ?? "everything" },
              { name: "Moved", show: ({ movedAt }) => ago(movedAt) },
              { name: "Made by", isMinor: true, show: ({ by }) => by },
              {
                name: "",
                show: ({ name }) => (
                  <RowActs>
                    <Button small onClick={() => forget(name)}>
                      Forget…
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
