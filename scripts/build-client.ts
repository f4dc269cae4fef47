/**
 * Builds what is published of the SDK, a package of its own: `npm run build:client` makes `dist/client`, which `npm pack` packs.
 * Modules without imports for browsers, Node, Bun and React Native, their types, and the hooks, which import React alone.
 */
import { copyFile, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { bundleClient } from "./bundle-client.ts";

const root = resolve(import.meta.dir, "..");
const { values } = parseArgs({ options: { out: { type: "string", default: `${root}/dist/client` } } });
const out = resolve(values.out);

/** By sub-path: the entry in `src/client`, and what it is called in the package. */
const ENTRIES = [
  { path: ".", entry: "stoa-chat.ts", file: "stoa-chat.js", external: [] },
  { path: "./timeline", entry: "timeline.ts", file: "timeline.js", external: [] },
  { path: "./react", entry: "react/hooks.ts", file: "react.js", external: ["react"] },
] as const;

async function buildModules(): Promise<void> {
  for (const { entry, file, external } of ENTRIES)
    await Bun.write(`${out}/${file}`, await bundleClient(entry, external));
}

async function buildTypes(): Promise<void> {
  const child = Bun.spawn(
    [
      "node",
      `${root}/node_modules/typescript/bin/tsc`,
      ...["--noEmit", "false", "--emitDeclarationOnly", "--declaration", "--rewriteRelativeImportExtensions"],
      ...["--target", "ESNext", "--module", "Preserve", "--moduleResolution", "bundler", "--lib", "ESNext,DOM"],
      ...["--strict", "--exactOptionalPropertyTypes", "--skipLibCheck", "--allowImportingTsExtensions"],
      ...["--types", "bun-types", "--rootDir", `${root}/src`, "--outDir", `${out}/types`, "--ignoreConfig"],
      ...ENTRIES.map(({ entry }) => `${root}/src/client/${entry}`),
    ],
    { cwd: root, stdout: "inherit", stderr: "inherit" },
  );
  if ((await child.exited) !== 0) throw new Error("the types were not made");
  // Declarations keep the names of the sources; what a compiler outside looks for are those of modules.
  for (const path of new Bun.Glob("**/*.d.ts").scanSync(`${out}/types`)) {
    const file = `${out}/types/${path}`;
    const text = await Bun.file(file).text();
    await Bun.write(file, text.replace(/(from "\.[^"]*|import\("\.[^"]*)\.ts"/g, '$1.js"'));
  }
}

async function describe(): Promise<void> {
  const { version, license } = (await Bun.file(`${root}/package.json`).json()) as { version: string; license: string };
  const exports = ENTRIES.map(({ path, entry, file }) => {
    const types = `./types/client/${entry.replace(/\.ts$/, ".d.ts")}`;
    return [path, { types, default: `./${file}` }];
  });
  const about = {
    name: "stoa-chat",
    version,
    description: "The client of Stoa, a realtime chat engine that you host yourself: rooms in order, over any network.",
    license,
    type: "module",
    sideEffects: false,
    engines: { node: ">=20" },
    exports: { ...Object.fromEntries(exports), "./package.json": "./package.json" },
    // For tools of before `exports`.
    main: "./stoa-chat.js",
    types: "./types/client/stoa-chat.d.ts",
    files: ["*.js", "types"],
    peerDependencies: { react: ">=18" },
    peerDependenciesMeta: { react: { optional: true } },
  };
  await Bun.write(`${out}/package.json`, `${JSON.stringify(about, undefined, 2)}\n`);
  await copyFile(`${root}/src/client/README.md`, `${out}/README.md`);
  await copyFile(`${root}/LICENSE`, `${out}/LICENSE`);
}

await rm(out, { recursive: true, force: true });
await Promise.all([buildModules(), buildTypes()]);
await describe();
for (const { file } of ENTRIES) {
  const bytes = gzipSync(await Bun.file(`${out}/${file}`).bytes(), { level: 9 }).length;
  console.log(`${file}: ${(bytes / 1024).toFixed(1)} KB gzipped`);
}
