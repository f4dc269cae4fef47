/** What the edge counts of its own work: plain numbers that only grow, read when somebody asks. */
import { NOTHING_NOTIFIED, type NotifyCounts } from "../../domain/notify/outcome.ts";
import type { CloseReason } from "../../protocol/errors.ts";

export class EdgeCounters {
  connectionsOpened = 0;
  connectionsClosed = 0;
  /** Closed by this server, by reason. */
  readonly dismissed: Partial<Record<CloseReason, number>> = {};
  framesReceived = 0;
  bytesReceived = 0;
  /** To one connection. */
  framesSent = 0;
  /** Frames for all who listen to a room, and how many listened. */
  publishes = 0;
  deliveries = 0;
  rateLimited = 0;
  linkBreaks = 0;
  /** As those who follow the logs said last. */
  notified: NotifyCounts = NOTHING_NOTIFIED;
  readonly responses = { "1xx": 0, "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0 };
  /** Troubles that were reported, by name: names are words of the code. Those that an alert looks for are there before the first one. */
  readonly reports: Record<string, number> = { room_quarantined: 0, eventbridge_dropped: 0 };

  responded(status: number): void {
    const family = `${Math.trunc(status / 100)}xx`;
    if (family in this.responses) this.responses[family as keyof typeof this.responses] += 1;
  }

  reported(event: string): void {
    this.reports[event] = (this.reports[event] ?? 0) + 1;
  }
}
