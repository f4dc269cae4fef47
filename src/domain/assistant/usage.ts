/** What was spent on the assistant in a day, as it is stored: one document per purse. */

/** The collection of these documents. */
export const ASSISTANT_USAGE = "ai_usage";
/** Ids of the tenant's own purses: for answers, and for judging messages. */
export const TENANT_PURSE = "t";
export const MODERATION_PURSE = "m";

export interface UsageRow {
  /** UTC. Of another day nothing counts. */
  readonly day: string;
  readonly tokens: number;
  readonly requests: number;
}
