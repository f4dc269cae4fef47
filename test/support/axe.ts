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

/** What fades in is looked at when it is there: half of a colour has no contrast. What turns for ever is not waited for. */
const SETTLED = `(async () => {
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const ends = ({ effect }) => Number.isFinite(effect?.getComputedTiming().endTime ?? Infinity);
  for (;;) {
    await frame();
    const moving = document.getAnimations().filter((one) => one.playState === "running" && ends(one));
    if (moving.length === 0) return;
    await Promise.allSettled(moving.map(({ finished }) => finished));
  }
})()`;

export async function axeProblems(page: Page): Promise<readonly string[]> {
  const isThere = await page.evaluate(() => "axe" in globalThis);
  // By evaluation, not by an element: the page's policy forbids scripts of others.
  if (!isThere) await page.evaluate(await Bun.file(SCRIPT).text());
  await page.evaluate(SETTLED);
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: Axe }).axe.run());
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`);
}
