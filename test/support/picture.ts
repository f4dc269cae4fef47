/**
 * Pictures of the pages for the documentation, taken by the tests that walk through them: `PICTURES=1` before the command of a test
 * writes them to `docs/images`. Without it nothing is written, and nothing waits.
 */
import { join } from "node:path";
import type { Page } from "playwright-core";

const FOLDER = join(import.meta.dir, "../../docs/images");

export const arePicturesWanted = process.env["PICTURES"] === "1";

/** Of what the window shows now, as `docs/images/NAME.png`. */
export async function takePicture(page: Page, name: string): Promise<void> {
  if (!arePicturesWanted) return;
  // What was said a moment ago is no part of the view. Not by a style sheet: the page's policy forbids those of others.
  const notes = (visibility: string): Promise<unknown> =>
    page.evaluate(`for (const one of document.querySelectorAll(".toasts")) one.style.visibility = "${visibility}"`);
  await notes("hidden");
  await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: "disabled", caret: "hide" });
  await notes("visible");
}
