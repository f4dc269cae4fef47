/**
 * The entry of the single executable (`npm run executable`): the server, or the command that is named. Each is an entry of its own
 * inside the file, all in one folder; so are the files that become threads.
 */
/** The commands of package.json, as the build found them. */
declare const STOA_COMMANDS: readonly string[];

const USAGE = `stoa [command]
  without a command: the server
  commands: ${STOA_COMMANDS.join(", ")}
`;

function fileOf(command: string | undefined): string | undefined {
  if (command === undefined) return "main";
  return STOA_COMMANDS.find((one) => one === command);
}

const file = fileOf(process.argv[2]);
if (file === undefined) {
  const isAsked = process.argv[2] === "--help";
  (isAsked ? process.stdout : process.stderr).write(USAGE);
  process.exit(isAsked ? 0 : 2);
}
// The command reads what follows as if it had been started by itself.
process.argv.splice(2, 1);
await import(new URL(`./${file}.ts`, import.meta.url).href);
