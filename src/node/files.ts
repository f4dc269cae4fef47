/** The files that people send: where they are kept, what becomes of them, and who looks for those that nobody needs. */
import { SystemClock } from "../base/clock.ts";
import type { TenantId } from "../base/ids.ts";
import { SystemRandom } from "../base/prng.ts";
import type { Config } from "../config/config.ts";
import { Attachments } from "../edge/files/attachments.ts";
import { FileSweep } from "../edge/files/file-sweep.ts";
import { readHolds } from "../edge/keeping/holds.ts";
import { Keeper } from "../edge/keeping/keeper.ts";
import type { Log } from "../edge/log.ts";
import type { Gateway } from "../edge/sockets/gateway.ts";
import { Thumbnails } from "../integrations/thumbnails.ts";
import { openBlobs } from "./open-parts.ts";

/** Files are looked through first when the rest of the start is over, milliseconds. */
const FIRST_SWEEP_MS = 30_000;

export interface FileParts {
  readonly config: Config;
  readonly secret: string;
  readonly log: Log;
}

/** `undefined`: this server keeps no files. `isMine`: of several nodes, this one looks through them. */
export async function startFiles({ config, secret, log }: FileParts, engine: Gateway, isMine: () => boolean) {
  const blobs = await openBlobs(config);
  if (blobs === undefined) return undefined;
  const { bytesPerDayMax, tenantBytesMax } = config.attachments;
  const troubled = (event: string, details: object): void => log.warn(details, event);
  const thumbnails = config.attachments.thumbnails ? new Thumbnails(troubled) : undefined;
  const [clock, random] = [new SystemClock(), new SystemRandom()];
  const limits = { fileBytesMax: config.fileBytesMax, bytesPerDayMax, tenantBytesMax };
  const attachments = new Attachments({ engine, blobs, secret, limits, thumbnails, clock, random });
  const counted = (used: ReadonlyMap<TenantId, number>): void => attachments.setUsed(used);
  const keeper = new Keeper(engine, clock);
  const holds = (tenant: TenantId) => readHolds(keeper, tenant);
  const sweep = new FileSweep({ engine, blobs, clock, log, isMine, holds, counted });
  sweep.start(FIRST_SWEEP_MS);
  return { attachments, blobs, sweep };
}
