/** What axe-core finds in a page that is serious or worse, one line for each kind. */
import type { Page } from "playwright-core";

interface Axe {
  run(): Promise<{
    readonly violations: readonly {
      readonly id: string;
      readonly impact: string | null;
      readonly help: string;
      readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
    }[];
  }>;
}

const SCRIPT = Bun.resolveSync("axe-core/axe.min.js", import.meta.dir);

export async function axeProblems(page: Page): Promise<readonly string[]> {
  const isThere = await page.evaluate(() => "axe" in globalThis);
  // By evaluation, not by an element: the page's policy forbids scripts of others.
  if (!isThere) await page.evaluate(await Bun.file(SCRIPT).text());
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: Axe }).axe.run());
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`);
}
