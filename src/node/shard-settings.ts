/** What a shard's thread is told when it starts: the configuration as far as it concerns rooms and people. */
import { AI_WAITING_MAX } from "../base/limits.ts";
import type { Config } from "../config/config.ts";
import type { ShardThreadSettings } from "./shard-thread.ts";

const HEARTBEAT_MS = 30_000;
const TYPING_TIMEOUT_SNAKE_MS = 10_000;

/** What follows from more than the configuration. */
export interface ShardSurroundings {
  readonly node: string;
  readonly isFollowed: boolean;
  readonly hasFigures: boolean;
}

export function shardSettingsOf(config: Config, around: ShardSurroundings): ShardThreadSettings {
  return {
    storage: { dataDir: config.dataDir, dynamodb: config.dynamodb },
    isFollowed: around.isFollowed,
    hasFigures: around.hasFigures,
    moderationHook: config.moderationHook,
    profileService: config.profileService,
    blobs: { dataDir: config.dataDir, attachments: config.attachments },
    assistant: {
      ...config.assistant,
      // Whatever a shard is asked: all of them together keep to the node's bound, where it is one for each at least.
      runsMax: Math.max(1, Math.floor(config.assistant.runsMax / config.shards)),
      waitingMax: Math.ceil(AI_WAITING_MAX / config.shards),
    },
    isCounted: config.metrics !== undefined,
    shard: {
      node: around.node,
      messageLengthMax: config.messageLengthMax,
      typingTimeoutMs: config.typingTimeoutMs,
      typingTimeoutSnakeMs: Math.max(TYPING_TIMEOUT_SNAKE_MS, config.typingTimeoutMs),
      presenceGraceMs: config.presenceGraceMs,
      heartbeatMs: heartbeatMsOf(config),
      systemMessages: config.systemMessages,
      ...(config.limits.room !== undefined && { roomRate: config.limits.room }),
      ...(config.messageRetentionDays !== undefined && { messageRetentionDays: config.messageRetentionDays }),
    },
  };
}

/** How often a connection is given a sign of life, milliseconds: twice in the time after which it counts as gone. */
export function heartbeatMsOf({ socketIdleSeconds }: Config): number {
  return Math.min(HEARTBEAT_MS, socketIdleSeconds * 500);
}
