/** What the server that served this page says of itself. */
import type { PageSettings } from "../pages.ts";

const text = document.querySelector<HTMLMetaElement>('meta[name="stoa"]')?.content;

export const settings: PageSettings = { devSignIn: false, ...(JSON.parse(text ?? "{}") as Partial<PageSettings>) };
