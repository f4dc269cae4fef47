/**
 * Builds what is published of the SDK into `dist/client`: one module without imports for browsers and Node, and its types.
 * `npm run build:client`.
 */
import { rm } from "node:fs/promises";
import { bundleClient } from "./bundle-client.ts";

const root = new URL("..", import.meta.url).pathname;
const out = `${root}dist/client`;

await rm(out, { recursive: true, force: true });
await Bun.write(`${out}/stoa-client.js`, await bundleClient());
const types = Bun.spawn(
  [
    "node",
    `${root}node_modules/typescript/bin/tsc`,
    ...["--noEmit", "false", "--emitDeclarationOnly", "--declaration", "--rewriteRelativeImportExtensions"],
    ...["--target", "ESNext", "--module", "Preserve", "--moduleResolution", "bundler", "--lib", "ESNext,DOM"],
    ...["--strict", "--skipLibCheck", "--allowImportingTsExtensions", "--types", "bun-types"],
    ...["--rootDir", `${root}src`, "--outDir", `${out}/types`, "--ignoreConfig", `${root}src/client/client.ts`],
  ],
  { cwd: root, stdout: "inherit", stderr: "inherit" },
);
if ((await types.exited) !== 0) throw new Error("the types were not made");
const bytes = Bun.gzipSync(await Bun.file(`${out}/stoa-client.js`).bytes(), { level: 9 }).length;
console.log(`dist/client/stoa-client.js: ${(bytes / 1024).toFixed(1)} KB gzipped`);
