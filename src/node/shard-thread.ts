/** What runs in a shard's thread: one shard on the real ports, nothing else. `worker.ts` is the thread's entry. */
import type { MessagePort } from "node:worker_threads";
import type { RoomAddress } from "../actors/address.ts";
import { OWN_LINK } from "../actors/edge-link.ts";
import { RoomActor } from "../actors/room/room-actor.ts";
import { Shard } from "../actors/shard.ts";
import { type AssistantTotals, ShardCounters } from "../actors/shard-counters.ts";
import type { AssistantCounts, ProviderCounts } from "../ai/assistant-metrics.ts";
import type { Report, ShardEnv, ShardSettings } from "../actors/shard-env.ts";
import { obeyOrder } from "../actors/shard-orders.ts";
import { BEAT_MS, type WorkerNotice, type WorkerOrder, type WorkerStart } from "../actors/supervisor.ts";
import { WORKING_NONE, WorkingMark } from "../actors/working-mark.ts";
import { type AssistantSettings, openAssistant } from "../ai/open-assistant.ts";
import { SystemClock } from "../base/clock.ts";
import { SystemRandom } from "../base/prng.ts";
import type { HookConfig } from "../config/assistant.ts";
import type { ProfileServiceConfig } from "../config/services.ts";
import { HttpModerationHook } from "../integrations/http-moderation-hook.ts";
import { HttpProfileSource } from "../integrations/http-profile-source.ts";
import { createCodecs } from "../protocol/codecs.ts";
import { type BlobLocation, openBlobs, openStorage, type StorageLocation } from "./open-parts.ts";
import { fileRemover } from "./file-remover.ts";

/** What the composition root gives every worker. */
export interface ShardThreadSettings {
  readonly storage: StorageLocation;
  readonly shard: ShardSettings;
  readonly moderationHook: HookConfig | undefined;
  readonly profileService: ProfileServiceConfig | undefined;
  /** Somebody follows the logs. */
  readonly isFollowed: boolean;
  /** Somebody keeps tenants' figures. */
  readonly hasFigures: boolean;
  readonly blobs: BlobLocation;
  readonly assistant: AssistantSettings;
  /** Somebody asks how it is doing. */
  readonly isCounted: boolean;
}

/** How long a thread is careful, milliseconds: long enough for all that the edge repeats to it. */
const CAREFUL_MS = 1_000;
const COUNTS_MS = 1_000;

/**
 * At once, so that the mark stays as it is. Bun on its own would go through the messages that are there first, and whoever
 * is handled last would be blamed for a promise that somebody else let go.
 */
function endOnFailure(notice: (message: WorkerNotice) => void): void {
  const end = (error: unknown): void => {
    notice({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
    process.exit(1);
  };
  process.on("unhandledRejection", end);
  process.on("uncaughtException", end);
}

/** `makeRoom` lets tests put a room with a fault in the place of the real one. */
export async function runShardThread(
  host: MessagePort,
  start: WorkerStart<ShardThreadSettings>,
  makeRoom: (env: ShardEnv, address: RoomAddress) => RoomActor = (env, { tenant, id }) =>
    new RoomActor(env, tenant, id),
): Promise<void> {
  const { settings, shard: number, shards, careful, storePort } = start;
  const mark = new WorkingMark(start.mark);
  const notice = (message: WorkerNotice): void => host.postMessage(message);
  endOnFailure(notice);
  const storage = await openStorage(settings.storage, {
    port: storePort,
    isFollowed: settings.isFollowed,
    report: (event, details) => notice({ kind: "report", event, details }),
    onFatal: (error) => notice({ kind: "fatal", message: error.message }),
    onAway: (isAway) => notice({ kind: "store", isAway }),
  });
  const random = new SystemRandom();
  const clock = new SystemClock();
  const { messageLengthMax } = settings.shard;
  const report: Report = (event, details) => notice({ kind: "report", event, details });
  const blobs = await openBlobs(settings.blobs);
  const { projections } = storage;
  const ai = openAssistant(settings.assistant, { clock, random, projections, report, lengthMax: messageLengthMax });
  const hook =
    settings.moderationHook === undefined
      ? ai.hook
      : new HttpModerationHook({ ...settings.moderationHook, messageLengthMax }, clock, report);
  const counters = settings.isCounted ? new ShardCounters() : undefined;
  const shard = new Shard(
    {
      clock,
      random,
      journal: storage.journal,
      projections,
      codecs: createCodecs({ messageLengthMax }),
      // Each thread writes fences of its own: what its predecessor left on its way to the store may still land.
      settings: { ...settings.shard, node: `${settings.shard.node}/${random.token(4)}` },
      defer: queueMicrotask,
      send: (block, link) => {
        if (link === OWN_LINK) host.postMessage(block, [block.buffer]);
        else host.postMessage({ kind: "peer", link, block } satisfies WorkerNotice, [block.buffer]);
      },
      report,
      ...(settings.hasFigures && { figures: (deltas) => notice({ kind: "figures", deltas }) }),
      ...(settings.isFollowed && { follow: (hints) => notice({ kind: "hints", hints }) }),
      ...(blobs !== undefined && {
        // What can't be removed now, or is on hold, is found by the sweep.
        removeFiles: fileRemover(projections, blobs),
      }),
      ...(hook !== undefined && { hook }),
      ...(settings.profileService !== undefined && {
        profiles: new HttpProfileSource(settings.profileService, clock, report),
      }),
      assistant: ai.assistant,
      ...(counters !== undefined && { counters }),
      working: (record, link) => mark.work(record, link),
      shard: number,
      shards,
    },
    makeRoom,
  );
  if (careful) beCareful();
  setInterval(() => mark.beat(), BEAT_MS);
  if (counters !== undefined) tellCounts(counters);
  const answers = { linked: () => notice({ kind: "link" }), collect: () => Bun.gc(true) };
  host.on("message", (message: Uint8Array | WorkerOrder) => {
    if (message instanceof Uint8Array) shard.receive(message);
    else if (message.kind === "close") void close();
    else obeyOrder(shard, message, answers);
  });
  notice({ kind: "ready" });

  /** Once a second: whoever asks is told what is a second old at most. */
  function tellCounts(counting: ShardCounters): void {
    let dueMs = clock.monotonicMs() + COUNTS_MS;
    setInterval(() => {
      const nowMs = clock.monotonicMs();
      const levels = shard.levels(Math.max(0, nowMs - dueMs));
      dueMs = nowMs + COUNTS_MS;
      const asked = ai.counts();
      const assistant = asked === undefined ? {} : { assistant: assistantTotals(asked) };
      notice({ kind: "counted", sample: { totals: counting.totals(), levels, ...assistant } });
    }, COUNTS_MS);
  }

  /** The mark of a message stays until the event loop has turned, and with that whatever the message left behind. */
  function beCareful(): void {
    shard.beCareful((run) =>
      setImmediate(() => {
        mark.work(WORKING_NONE, OWN_LINK);
        run();
      }),
    );
    setTimeout(() => shard.beCareful(undefined), CAREFUL_MS);
  }

  async function close(): Promise<void> {
    shard.stop();
    ai.close();
    await storage.close();
    notice({ kind: "closed" });
  }
}

/** By provider what is a provider's; how runs ended by one word each. */
function assistantTotals({ completed, stopped, failed, providers }: AssistantCounts): AssistantTotals {
  const by = (pick: (counts: ProviderCounts) => number): Record<string, number> =>
    Object.fromEntries(Object.entries(providers).map(([name, one]) => [name, pick(one)]));
  return {
    runs: { complete: completed, stopped, ...failed },
    requests: by(({ requests }) => requests),
    failures: by(({ failures }) => Object.values(failures).reduce((sum, count) => sum + count, 0)),
    inputTokens: by(({ inputTokens }) => inputTokens),
    outputTokens: by(({ outputTokens }) => outputTokens),
  };
}
