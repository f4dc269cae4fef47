/**
 * The layers of `src` as data, and the check of one file against them.
 * Invariant: what is not listed is forbidden, and a type import counts like any other.
 */
import { dirname, join, normalize } from "node:path";

/** Files that other layers may know of a folder whose inside is closed to them: ports, commands, envelopes. */
export const JOURNAL_PORTS: readonly string[] = [
  "storage/blobs.ts",
  "storage/follow-store.ts",
  "storage/journal.ts",
  "storage/projections.ts",
  "storage/search-index.ts",
];
export const CLUSTER_PORTS: readonly string[] = [
  "cluster/bus.ts",
  "cluster/membership.ts",
  "cluster/peers.ts",
  "cluster/placement.ts",
  "cluster/presence-directory.ts",
];
export const ACTOR_LINK: readonly string[] = [
  "actors/calls.ts",
  "actors/link.ts",
  "actors/address.ts",
  "actors/shard-counters.ts",
  "actors/keeping-calls.ts",
  "actors/moderation-calls.ts",
  "actors/notify-calls.ts",
  "actors/tenant-calls.ts",
];
/** What a consumer of the logs has to be, and how it asks the engine. */
export const FOLLOWER_PORTS: readonly string[] = ["followers/engine-calls.ts", "followers/log-consumer.ts"];
/** How events become bytes and back, and what people are shown of them. */
export const ACTOR_CODECS: readonly string[] = ["actors/log-codec.ts", "actors/views.ts"];
/** What people want to be told of while they are away, and what became of it, as values: the edge reads and writes them. */
export const NOTIFY_WISHES: readonly string[] = [
  "domain/notify/outcome.ts",
  "domain/notify/preferences.ts",
  "domain/notify/quiet-hours.ts",
];
/** Who is told of what, decided: for whoever tells them. */
export const NOTIFY_RULES: readonly string[] = [
  "domain/notify/audience.ts",
  "domain/notify/notification.ts",
  "domain/notify/occasions.ts",
  "domain/notify/outcome.ts",
  "domain/notify/preferences.ts",
  "domain/notify/verdict.ts",
];
/** What of the domain is data: stored rows, events, commands and how one is made of a wish, but no decisions. */
export const DOMAIN_TYPES: readonly string[] = [
  "domain/assistant/port.ts",
  "domain/assistant/runs.ts",
  "domain/assistant/usage.ts",
  "domain/figure-book.ts",
  "domain/figures.ts",
  "domain/moderation/hook.ts",
  "domain/moderation/rules.ts",
  "domain/principal.ts",
  "domain/room/commands.ts",
  "domain/room/events.ts",
  "domain/room/new-room.ts",
  "domain/room/rows.ts",
  "domain/room/state.ts",
  "domain/room/vocabulary.ts",
  "domain/search/text-query.ts",
  "domain/search/words.ts",
  "domain/user/profile-source.ts",
];

export interface Layer {
  /** Folders (ending with a slash) and single files, relative to `src`. Its own folder is always allowed. */
  readonly may: readonly string[];
  /** Packages and built-in modules; `*` at the end matches the rest of a name. */
  readonly packages: readonly string[];
  /** Folders whose sub-folders are adapters that must not know each other. */
  readonly adapters?: true;
}

/** By the first part of the path. The composition roots may import everything and are listed for completeness. */
export const LAYERS: Readonly<Record<string, Layer>> = {
  base: { may: [], packages: [] },
  protocol: { may: ["base/"], packages: [] },
  domain: { may: ["base/"], packages: ["re2js"] },
  // React is for `client/react` alone: the SDK's size test fails when anything else is imported.
  client: { may: ["base/", "protocol/"], packages: ["react"] },
  web: { may: ["client/"], packages: ["preact", "preact/*", "@preact/signals"] },
  storage: {
    may: ["base/", ...DOMAIN_TYPES],
    packages: ["bun:sqlite", "@aws-sdk/client-dynamodb", "@smithy/*", "msgpackr", "node:*"],
    adapters: true,
  },
  cluster: {
    may: ["base/", "protocol/errors.ts", "protocol/frames.ts", ...DOMAIN_TYPES],
    packages: ["ioredis", "@aws-sdk/client-dynamodb", "@smithy/*", "msgpackr", "node:*"],
    adapters: true,
  },
  actors: {
    may: ["base/", "domain/", "protocol/", ...JOURNAL_PORTS, ...CLUSTER_PORTS],
    packages: ["msgpackr", "node:worker_threads"],
  },
  edge: {
    may: [
      "base/",
      "protocol/",
      "feed/",
      "config/config.ts",
      "made-once.ts",
      ...DOMAIN_TYPES,
      ...NOTIFY_WISHES,
      ...ACTOR_LINK,
      ...JOURNAL_PORTS,
      ...CLUSTER_PORTS,
    ],
    // A kind of schema of our own, for characters, is made there and nowhere else.
    packages: ["bun", "elysia", "elysia/type-system/utils", "@elysiajs/*", "pino", "prom-client", "node:*"],
  },
  // The codec: they read what the actors wrote.
  // And calls: what a consumer asks of the engine.
  followers: {
    may: ["base/", "protocol/errors.ts", "actors/log-codec.ts", "actors/calls.ts", ...DOMAIN_TYPES, ...JOURNAL_PORTS],
    packages: [],
  },
  // Calls to rooms and documents in both threads, so it is neither the edge's nor the followers'.
  feed: {
    may: [
      "base/",
      "protocol/",
      "actors/calls.ts",
      "actors/keeping-calls.ts",
      "followers/log-consumer.ts",
      ...DOMAIN_TYPES,
      ...JOURNAL_PORTS,
    ],
    packages: [],
  },
  capsule: {
    may: ["base/", "domain/", "protocol/frames.ts", ...ACTOR_CODECS, ...JOURNAL_PORTS],
    packages: ["bun:sqlite", "node:*"],
  },
  ai: {
    may: ["base/", "node/thread-priority.ts", ...DOMAIN_TYPES, ...JOURNAL_PORTS],
    packages: ["openai", "@google/generative-ai", "node:worker_threads"],
  },
  integrations: {
    may: [
      "base/",
      "protocol/",
      "made-once.ts",
      "feed/",
      "actors/calls.ts",
      "actors/keeping-calls.ts",
      "actors/notify-calls.ts",
      "actors/tenant-calls.ts",
      ...FOLLOWER_PORTS,
      ...DOMAIN_TYPES,
      ...NOTIFY_RULES,
      ...JOURNAL_PORTS,
    ],
    packages: [
      "sharp",
      "@aws-sdk/client-eventbridge",
      "@aws-sdk/client-sns",
      "@aws-sdk/client-sqs",
      "@smithy/*",
      "web-push",
      "@opentelemetry/*",
      "node:*",
    ],
  },
  config: { may: ["base/"], packages: ["node:*"] },
  "made-once.ts": { may: [], packages: ["node:*"] },
  "main.ts": { may: [""], packages: ["*"] },
  node: { may: [""], packages: ["*"] },
  "server.ts": { may: [""], packages: ["*"] },
  "worker.ts": { may: [""], packages: ["*"] },
  "executable.ts": { may: [""], packages: ["*"] },
  cli: { may: [""], packages: ["*"] },
};

/** Words that a pure and synchronous layer has no use for. */
const IMPURE =
  /\b(?:async|await|Promise|Date|performance|setTimeout|setInterval|setImmediate|queueMicrotask|crypto|process|Bun|fetch|console|Worker|Math\.random)\b/g;
const PURE_LAYERS = ["base", "domain"];
/** The two files that turn the machine's clock and randomness into parameters. */
const PURE_EXCEPT = ["base/clock.ts", "base/prng.ts"];

/** Every broken rule of one file, as sentences. `path` is relative to `src`, with slashes. */
export function violations(path: string, source: string): readonly string[] {
  const layerName = path.split("/")[0] ?? path;
  const layer = LAYERS[layerName];
  if (layer === undefined) return [`${path}: "${layerName}" is no known layer`];
  const code = withoutComments(source);
  const found = importsOf(code)
    .filter((target) => !mayImport(path, layerName, layer, target))
    .map((target) => `${path}: ${layerName} may not import ${target}`);
  if (PURE_LAYERS.includes(layerName) && !PURE_EXCEPT.includes(path)) {
    for (const [word] of withoutStrings(code).matchAll(IMPURE)) found.push(`${path}: ${layerName} may not use ${word}`);
  }
  return found;
}

function mayImport(path: string, layerName: string, layer: Layer, target: string): boolean {
  if (!target.startsWith(".")) return layer.packages.some((pattern) => matches(pattern, target));
  const resolved = normalize(join(dirname(path), target)).replaceAll("\\", "/");
  if (resolved.startsWith("..")) return false;
  if (
    layer.may.some(
      (allowed) => allowed === "" || resolved === allowed || (allowed.endsWith("/") && resolved.startsWith(allowed)),
    )
  ) {
    return true;
  }
  if (!resolved.startsWith(`${layerName}/`)) return false;
  const [own, other] = [path.split("/"), resolved.split("/")];
  // Within storage and cluster: ports and shared files at the top for all, an adapter's folder for itself.
  return layer.adapters === undefined || other.length === 2 || own[1] === other[1];
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, " ").replace(/(^|\s)\/\/.*$/gm, "$1");
}

function withoutStrings(code: string): string {
  return code.replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');
}

const IMPORT_FORMS = [
  /\b(?:import|export)\s[^"';]*?\bfrom\s*["']([^"']+)["']/g,
  /\bimport\s*["']([^"']+)["']/g,
  /\bimport\s*\(\s*["']([^"']+)["']/g,
  /\brequire\s*\(\s*["']([^"']+)["']/g,
  /\bnew URL\(\s*["'](\.[^"']+)["']\s*,\s*import\.meta\.url/g,
];

/** Every module that the code names: imports, re-exports, dynamic imports, files that become threads. */
export function importsOf(code: string): readonly string[] {
  return IMPORT_FORMS.flatMap((form) => [...code.matchAll(form)].map((match) => match[1] ?? ""));
}
