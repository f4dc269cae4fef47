/** How often pieces of the assistant's answers are shown. */
import { AI_PIECE_INTERVAL_MS, AI_PIECE_INTERVAL_MS_MAX } from "./limits.ts";

/** Milliseconds between two pieces of one answer where so many grow: a write to a socket costs the same however long the piece. */
export function pieceIntervalMs(answers: number): number {
  return Math.min(AI_PIECE_INTERVAL_MS_MAX, Math.max(AI_PIECE_INTERVAL_MS, answers / 2));
}
