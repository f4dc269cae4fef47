/** The server that runs already: what its health says of rooms. */
import { doubtful, type Finding, fine } from "./finding.ts";

interface HealthJson {
  readonly followers?: Readonly<Record<string, { readonly unreadable?: number }>>;
}

/** Nothing where it does not say. */
export async function examineRunning(base: string): Promise<readonly Finding[]> {
  const health = await fetch(`${base}/api/health`)
    .then((response) => response.json() as Promise<HealthJson>)
    .catch(() => undefined);
  return health?.followers === undefined ? [] : [rooms(health.followers)];
}

function rooms(followers: NonNullable<HealthJson["followers"]>): Finding {
  const stuck = Object.entries(followers).flatMap(([name, { unreadable = 0 }]) =>
    unreadable > 0 ? [[name, unreadable]] : [],
  );
  if (stuck.length === 0) return fine("rooms", "the logs of all that the server follows can be read");
  const seen = `logs of rooms that cannot be read: ${stuck.map(([name, count]) => `${count} by ${name}`).join(", ")}`;
  return doubtful("rooms", seen, "the server's log names each as log_not_followed; docs/OPERATIONS.md says what to do");
}
