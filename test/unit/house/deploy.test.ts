/** What is under deploy/ speaks of metrics that there are, and of all that somebody should watch. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Metrics, METRICS } from "../../../src/edge/figures/metrics.ts";
import { ShardTally } from "../../../src/edge/figures/shard-tally.ts";
import { sourceOf } from "../../support/metrics-source.ts";

const root = join(import.meta.dir, "../../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const NAMED = /\b(?:stoa|process)_[a-z_]+/g;

const names = new Set(
  METRICS.flatMap(({ name, type }) => (type === "histogram" ? [name, `${name}_bucket`, `${name}_count`] : [name])),
);

test.each(["deploy/grafana-dashboard.json", "deploy/prometheus-alerts.yaml"])(
  "%s asks for metrics that there are",
  (path) => {
    const asked = [...new Set([...read(path).matchAll(NAMED)].map(([name]) => name))];
    expect(asked.length).toBeGreaterThan(8);
    expect(asked.filter((name) => !names.has(name))).toEqual([]);
  },
);

test("the dashboard shows every metric but those that others say better", () => {
  const text = read("deploy/grafana-dashboard.json");
  const missing = METRICS.map(({ name }) => name).filter((name) => !text.includes(name));
  expect(missing).toEqual([
    "stoa_rooms_listened",
    "stoa_frames_received_total",
    "stoa_received_bytes_total",
    "stoa_requests_total",
    "stoa_commit_bytes_total",
    "stoa_actors_waiting",
    "process_start_time_seconds",
  ]);
});

test("the dashboard is one that can be imported: panels with places of their own and a data source to choose", () => {
  const board = JSON.parse(read("deploy/grafana-dashboard.json")) as {
    readonly panels: readonly { readonly id: number; readonly title: string; readonly gridPos: object }[];
    readonly templating: { readonly list: readonly { readonly name: string }[] };
  };
  expect(board.templating.list.map(({ name }) => name)).toEqual(["datasource", "node"]);
  expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
  expect(new Set(board.panels.map(({ gridPos }) => JSON.stringify(gridPos))).size).toBe(board.panels.length);
});

const alerts = Bun.YAML.parse(read("deploy/prometheus-alerts.yaml")) as {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  }[];
};
const rules = alerts.groups.flatMap((group) => group.rules);

test("every alert says what to do", () => {
  expect(rules.length).toBeGreaterThan(10);
  for (const { labels, annotations } of rules) {
    expect(Object.keys(annotations).toSorted()).toEqual(["action", "page", "summary"]);
    expect(["page", "ticket"]).toContain(labels["severity"] ?? "");
  }
});

test("what an alert wants the increase of is there from the start: the first one of a counter that begins with it is no increase", async () => {
  const { text } = await new Metrics(sourceOf(new ShardTally())).read();
  const asked = rules.flatMap(({ expr }) => [...expr.matchAll(/increase\((\w+)(?:\{(\w+="\w+")\})?\[/g)]);
  expect(asked.length).toBeGreaterThan(3);
  const series = asked.map(([, name, label]) => `\n${name}{${label === undefined ? "" : `${label},`}`);
  expect(series.filter((one) => !text.includes(one))).toEqual([]);
});

test("every alert has its page, with what it means, what to look at and what to do, and no page is of another", () => {
  const pages = read("docs/INCIDENTS.md").split(/^## /m).slice(1);
  expect(pages.map((page) => page.split("\n")[0] ?? "")).toEqual(rules.map(({ alert }) => alert));
  for (const [i, page] of pages.entries()) {
    expect([...page.matchAll(/^\*\*(.+?)\.\*\*/gm)].map(([, part]) => part)).toEqual([
      "What it means",
      "Look at",
      "Do",
    ]);
    const rule = rules[i];
    expect(rule?.annotations["page"]).toBe(`docs/INCIDENTS.md#${rule?.alert.toLowerCase()}`);
  }
});
