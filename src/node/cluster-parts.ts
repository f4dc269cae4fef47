/** What joins several nodes. */
import type { Bus } from "../cluster/bus.ts";
import type { Membership } from "../cluster/membership.ts";
import type { PresenceDirectory } from "../cluster/presence-directory.ts";

export interface ClusterParts {
  readonly bus: Bus;
  readonly membership: Membership;
  readonly directory: PresenceDirectory;
  close(): void;
}
