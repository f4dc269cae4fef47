/** The rules that hold in all rooms of the tenant: what each looks for and does, and how one comes and goes. */
import { useState } from "preact/hooks";
import { useAct, useAdmin } from "../context.ts";
import { plural } from "../format.ts";
import { useLoaded } from "../live.ts";
import { Button } from "../../ui/button.tsx";
import { Card, Choice, Load, Pill, Text, RowActs } from "../parts/basics.tsx";
import { Table } from "../parts/table.tsx";

interface Rule {
  readonly id: string;
  readonly action: string;
  readonly words?: readonly string[];
  readonly match?: string;
  readonly pattern?: string;
  readonly reason?: string;
}
interface Rules {
  readonly rules: readonly Rule[];
  readonly hook: boolean;
  readonly hookAvailable: boolean;
  readonly version: number;
}

const ACTIONS = [
  ["flag", "reports it to moderators"],
  ["replace", "replaces it by stars"],
  ["hold", "holds the message for a moderator"],
  ["reject", "refuses the message"],
] as const;
const PATH = "/admin/moderation";

export function TenantRules() {
  const { api } = useAdmin();
  const loaded = useLoaded("tenant rules", () => api.get<Rules>(PATH));
  return (
    <Load loaded={loaded}>
      {(data) => (
        <>
          <RuleTable data={data} reload={loaded.reload} />
          <NewRule data={data} reload={loaded.reload} />
        </>
      )}
    </Load>
  );
}

interface PartProps {
  readonly data: Rules;
  readonly reload: () => void;
}

function RuleTable({ data, reload }: PartProps) {
  const { api } = useAdmin();
  const act = useAct();
  const remove = (rule: Rule): void =>
    act(
      {
        title: `Remove the rule ${rule.id}?`,
        effect: "Messages are not held to it any more, in any room. What it did before stays.",
        verb: "Remove rule",
        isDangerous: true,
      },
      () =>
        api.send(
          "PUT",
          PATH,
          wish(
            data,
            data.rules.filter(({ id }) => id !== rule.id),
          ),
        ),
      `The rule ${rule.id} is removed.`,
      reload,
    );
  return (
    <Card title={plural(data.rules.length, "rule")} isFlush>
      <Table
        label="Rules of the tenant"
        rows={data.rules}
        keyOf={({ id }) => id}
        empty="The tenant has no rules of its own. Rooms have theirs, and what their level looks for."
        columns={[
          { name: "Rule", show: ({ id }) => <b>{id}</b> },
          { name: "Looks for", show: (rule) => <LooksFor rule={rule} /> },
          { name: "Does", show: ({ action }) => <Pill tone={action === "flag" ? "quiet" : "warn"}>{action}</Pill> },
          {
            name: "",
            show: (rule) => (
              <RowActs>
                <Button small onClick={() => remove(rule)}>
                  Remove…
                </Button>
              </RowActs>
            ),
          },
        ]}
      />
    </Card>
  );
}

function LooksFor({ rule }: { readonly rule: Rule }) {
  if (rule.pattern !== undefined) return <code>{rule.pattern}</code>;
  return `${rule.words?.join(", ") ?? ""}${rule.match === "part" ? " (also within words)" : ""}`;
}

function NewRule({ data, reload }: PartProps) {
  const { api } = useAdmin();
  const act = useAct();
  const [id, setId] = useState("");
  const [text, setText] = useState("");
  const [action, setAction] = useState("flag");
  const submit = (event: Event): void => {
    event.preventDefault();
    const words = text.split(",").map((word) => word.trim());
    const rule = { id: id.trim(), action, words: words.filter((word) => word !== "") };
    act(
      {
        title: `Hold all rooms to the rule ${rule.id}?`,
        effect: `From now on, wherever somebody writes ${rule.words.join(", ")}, it ${ACTIONS.find(([name]) => name === action)?.[1]}. Try it on a room's past first, if you have not.`,
        verb: "Add rule",
      },
      () => api.send("PUT", PATH, wish(data, [...data.rules.filter((one) => one.id !== rule.id), rule])),
      `The rule ${rule.id} holds in all rooms.`,
      reload,
    );
  };
  return (
    <Card title="Another rule">
      <form class="filters" onSubmit={submit}>
        <Text name="Name" value={id} onInput={setId} placeholder="spam" />
        <Text name="Words, separated by commas" value={text} onInput={setText} placeholder="casino, free money" />
        <Choice name="It" value={action} options={ACTIONS} onChange={setAction} />
        <Button kind="primary" type="submit" disabled={id.trim() === "" || text.trim() === ""}>
          Add…
        </Button>
      </form>
    </Card>
  );
}

/** With the version that was read: what somebody else changed meanwhile is not overwritten. */
function wish({ hook, version }: Rules, rules: readonly Rule[]): object {
  return { rules, hook, version };
}
