/**
 * Somebody who reads the documents and does what they say: with a folder, a clone of the project and terminals of their own.
 * Invariant: blocks are run as they stand, but for what the reader's machine has otherwise: ports that are taken, secrets and
 * addresses that a document can't know. Everything of it is gone after `leave`.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { claimPort } from "../ports.ts";
import type { Block } from "./blocks.ts";
import { Terminal } from "./terminal.ts";

const root = join(import.meta.dir, "../../..");
/** Made here, or not the project's. */
const NOT_CLONED = new Set(["node_modules", ".git", "dist", "data", "bench/results"]);

export type Replacements = Readonly<Record<string, string>>;

export class Reader {
  readonly folder = mkdtempSync(join(tmpdir(), "stoa-reader-"));
  /** Of the server that stands at 8080 in the documents. */
  readonly port = claimPort();
  readonly #blocks: ReadonlyMap<string, Block>;
  readonly #terminals: Terminal[] = [];
  readonly #made = new Map<string, Promise<unknown>>();

  constructor(blocks: readonly Block[]) {
    this.#blocks = new Map(blocks.map((block) => [block.id, block]));
    const bin = join(this.folder, "bin");
    mkdirSync(bin);
    // "For those who have Bun."
    symlinkSync(process.execPath, join(bin, "bun"));
  }

  /** Where the project is when it was cloned. */
  get project(): string {
    return join(this.folder, "stoa");
  }

  get http(): string {
    return `http://localhost:${this.port}`;
  }

  /** A block's commands on this machine: with what a document cannot know put in. What is to be replaced must be there. */
  text(id: string, replacements: Replacements = {}): string {
    const block = this.#blocks.get(id);
    if (block === undefined) throw new Error(`there is no block ${id}`);
    let text = block.text;
    for (const [from, to] of Object.entries(replacements)) {
      if (!text.includes(from)) throw new Error(`${id} does not say ${from}`);
      text = text.replaceAll(from, to);
    }
    return text.replaceAll("localhost:8080", `localhost:${this.port}`);
  }

  /** A terminal in the project, or elsewhere. */
  async terminal(env: Readonly<Record<string, string>> = {}, cwd = this.project): Promise<Terminal> {
    const { PATH = "", TMPDIR = tmpdir(), LANG = "C.UTF-8" } = process.env;
    const path = [join(this.folder, "bin"), join(root, "node_modules", ".bin"), PATH].join(":");
    // On a slow machine npm turns a little wheel before the words of its command.
    const npm = { npm_config_update_notifier: "false", npm_config_progress: "false" };
    const own = { PATH: path, HOME: this.folder, TMPDIR, LANG, ...npm };
    const terminal = await Terminal.open(cwd, { ...own, PORT: String(this.port), ...env });
    this.#terminals.push(terminal);
    return terminal;
  }

  /** What several blocks need, made by the first that asks. */
  once<Made>(name: string, make: () => Promise<Made>): Promise<Made> {
    const made = this.#made.get(name) ?? make();
    this.#made.set(name, made);
    return made as Promise<Made>;
  }

  /** Puts the project, as it is on this disk, where the reader clones it from. */
  async publish(): Promise<string> {
    const repository = join(this.folder, "repository");
    cpSync(root, repository, {
      recursive: true,
      preserveTimestamps: true,
      filter: (path) => !NOT_CLONED.has(relative(root, path)),
    });
    const git = `git -c init.defaultBranch=main -c user.name=Reader -c user.email=reader@example.org`;
    const terminal = await this.terminal({}, repository);
    await terminal.run(`git init -q && ${git} add -A && ${git} commit -qm "as it is"`);
    return repository;
  }

  /** The packages are those of the tests: how they are installed is what these have begun with. */
  bringPackages(): void {
    const modules = join(root, "node_modules");
    symlinkSync(modules, join(this.project, "node_modules"));
    const { mtime } = statSync(join(modules, ".package-lock.json"));
    utimesSync(join(this.project, "package-lock.json"), mtime, mtime);
  }

  has(file: string): boolean {
    return existsSync(join(this.project, file));
  }

  async leave(): Promise<void> {
    await Promise.all(this.#terminals.map((terminal) => terminal.close()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
