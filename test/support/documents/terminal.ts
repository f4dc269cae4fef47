/**
 * A terminal with a bash in it, as a reader of the documents has one: variables stay from block to block, programs see a
 * terminal, Ctrl-C ends what runs in front.
 * Invariant: a command that fails is noticed even when others come after it; nothing that was started here outlives `close`.
 */
import { readdirSync, readFileSync } from "node:fs";

/** Bash's answer to any question: the status of the last command that failed, or 0. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: a character that no program here prints
const ANSWER = /\u001e\d+:(\d+)\u001e/;
const ASK_AGAIN_MS = 250;
// biome-ignore lint/suspicious/noControlCharactersInRegex: what steers a terminal is taken out
const STEERING = /\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007]*\u0007|\r/g;
const RUN_MS_MAX = 60_000;
const CLOSE_MS_MAX = 30_000;
const OUTPUT_CHARS_MAX = 400_000;
/** Each command that fails is remembered until somebody asks; the echo of what is typed would only be in the way. */
const SET_UP = "stty -echo; set +m; trap 'failed=$?' ERR; failed=0\n";

export class Terminal {
  readonly #process: Bun.Subprocess;
  #output = "";
  /** Before it everything was looked at. */
  #read = 0;
  #heard: (() => void) | undefined;
  #asked = 0;

  private constructor(cwd: string, env: Readonly<Record<string, string>>) {
    const decoder = new TextDecoder();
    this.#process = Bun.spawn(["bash", "--noprofile", "--norc", "--noediting", "-i"], {
      cwd,
      env: { ...env, PS1: "", PS2: "", TERM: "xterm", HISTFILE: "" },
      terminal: {
        cols: 200,
        rows: 50,
        data: (_, bytes) => {
          const text = decoder.decode(bytes, { stream: true }).replace(STEERING, "");
          if (this.#output.length < OUTPUT_CHARS_MAX) this.#output += text;
          this.#heard?.();
        },
      },
    });
    void this.#process.exited.then(() => this.#heard?.());
  }

  static async open(cwd: string, env: Readonly<Record<string, string>>): Promise<Terminal> {
    const terminal = new Terminal(cwd, env);
    terminal.#write(SET_UP);
    await terminal.#until(terminal.#ask(), "bash", RUN_MS_MAX);
    return terminal;
  }

  get output(): string {
    return this.#output;
  }

  /** Runs commands to their end; what they printed. Fails when one of them does. */
  async run(commands: string, { msMax = RUN_MS_MAX }: { readonly msMax?: number } = {}): Promise<string> {
    const { status, printed } = await this.attempt(commands, msMax);
    if (status !== 0) throw new Error(`a command ended with ${status}:\n${commands}\n\n${printed}`);
    return printed;
  }

  /** The same for those that may fail: the status of the last one that did, or 0. */
  async attempt(commands: string, msMax = RUN_MS_MAX): Promise<{ readonly status: number; readonly printed: string }> {
    this.#write(`${commands}\n`);
    const [printed, match] = await this.#until(this.#ask(), commands, msMax);
    return { status: Number(match[1]), printed };
  }

  /** Starts what stays in front, or types into what does. */
  type(line: string): void {
    this.#write(`${line}\n`);
  }

  /** Waits until this was printed, after all that was waited for before; what stands up to its end. */
  async says(what: string | RegExp, msMax = RUN_MS_MAX): Promise<string> {
    const pattern = typeof what === "string" ? new RegExp(what.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")) : what;
    const [before, match] = await this.#until(pattern, String(what), msMax);
    return before + match[0];
  }

  /** Ctrl-C, and waits for the prompt. The status with which that ended. */
  async interrupt(msMax = CLOSE_MS_MAX): Promise<number> {
    this.#write("\u0003");
    // The program in front may still read what is typed, so bash is asked until it answers, and then for the last time.
    const again = setInterval(() => this.#ask(), ASK_AGAIN_MS);
    let status: number;
    try {
      const [, match] = await this.#until(ANSWER, "the prompt after Ctrl-C", msMax);
      status = Number(match[1]);
    } finally {
      clearInterval(again);
    }
    await this.#until(this.#ask(), "the prompt", RUN_MS_MAX);
    return status;
  }

  /** Hangs up. Some programs don't end by that (to HAProxy it means something else): what is left is ended. */
  async close(): Promise<void> {
    const left = this.#inBackground();
    const late = setTimeout(() => this.#process.kill("SIGKILL"), CLOSE_MS_MAX);
    this.#process.terminal?.close();
    this.#process.kill("SIGHUP");
    await this.#process.exited;
    clearTimeout(late);
    for (const pid of left) end(pid);
  }

  /** Every process of this terminal's session but its bash. */
  #inBackground(): readonly number[] {
    const own = this.#process.pid;
    // Of /proc and not of `ps`, which small images do not have.
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return pids.map(Number).filter((pid) => pid !== own && sessionOf(pid) === own);
  }

  /** Bash answers when it has done what was typed before; the answer to this question alone. */
  #ask(): RegExp {
    this.#asked += 1;
    this.#write(`printf '\\036${this.#asked}:%s\\036' "$failed"; failed=0\n`);
    return new RegExp(`\u001e${this.#asked}:(\\d+)\u001e`);
  }

  #write(text: string): void {
    this.#process.terminal?.write(text);
  }

  async #until(pattern: RegExp, what: string, msMax: number): Promise<readonly [string, RegExpExecArray]> {
    const deadline = performance.now() + msMax;
    for (;;) {
      const fresh = this.#output.slice(this.#read);
      const match = pattern.exec(fresh);
      if (match !== null) {
        this.#read += match.index + match[0].length;
        return [fresh.slice(0, match.index), match];
      }
      const leftMs = deadline - performance.now();
      if (leftMs <= 0 || this.#process.exitCode !== null) throw new Error(`waited for: ${what}\n\ngot:\n${fresh}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#heard = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}

function end(pid: number): void {
  try {
    process.kill(pid, "SIGTERM");
  } catch (error) {
    // It has ended by the hang-up.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** The session of a process; 0: it is gone. */
function sessionOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Behind the program's name, which may have anything in it: state, parent, group, session.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[3]);
  } catch {
    return 0;
  }
}
