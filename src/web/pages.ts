/**
 * What the server shows to browsers, as data: the build makes bundles of it, the server routes of its paths.
 * Invariant: only paths named here are ever answered with a page.
 */
export interface Page {
  /** Where it begins; what is below `below` is the same page, which reads the address itself. */
  readonly path: string;
  readonly below: readonly string[];
  readonly title: string;
  readonly description: string;
  /** Relative to `src/web`. */
  readonly entry: string;
}

export const PAGES: readonly Page[] = [
  {
    path: "/",
    below: ["/r/*"],
    title: "Stoa",
    description: "Chat on your own server.",
    entry: "chat/main.tsx",
  },
  {
    path: "/admin",
    below: [],
    title: "Stoa: dashboard",
    description: "What runs here, and who may what.",
    entry: "admin/main.tsx",
  },
];

/** Under names of their own, since browsers ask for them by these. Relative to `src/web`. */
export const NAMED_FILES: readonly { readonly path: string; readonly file: string; readonly type: string }[] = [
  { path: "/favicon.svg", file: "static/favicon.svg", type: "image/svg+xml" },
];

/** Scripts that keep their name: service workers. Relative to `src/web`. */
export const WORKERS: readonly { readonly path: string; readonly entry: string }[] = [
  { path: "/service-worker.js", entry: "worker/service-worker.ts" },
];

/** Whatever may end up in a bundle, and what makes it: files and folders, relative to the project's. */
export const PAGE_SOURCES: readonly string[] = [
  "src/web",
  "src/client",
  "src/protocol",
  "src/base",
  "package-lock.json",
  "scripts/build-pages.ts",
];

/** What the page is told by the server that serves it, in `<meta name="stoa">`. */
export interface PageSettings {
  /** Anybody may sign in by a name. */
  readonly devSignIn: boolean;
}
