import { SystemClock } from "../../src/base/clock.ts";
import { MemoryBus } from "../../src/cluster/memory/memory-bus.ts";
import { MemoryCluster } from "../../src/cluster/memory/memory-cluster.ts";
import { MemoryDirectory } from "../../src/cluster/memory/memory-directory.ts";
import { MemoryMembership } from "../../src/cluster/memory/memory-membership.ts";
import { busConformance } from "./bus-suite.ts";
import type { ClusterHarness } from "./cluster-harness.ts";
import { directoryConformance } from "./directory-suite.ts";
import { membershipConformance } from "./membership-suite.ts";

const on =
  <Port>(make: (cluster: MemoryCluster) => Port) =>
  async (): Promise<ClusterHarness<Port>> => {
    const cluster = new MemoryCluster(new SystemClock());
    return {
      open: async () => make(cluster),
      flush: async () => cluster.flush(),
      silence: async (isSilent) => cluster.silence(isSilent),
      close: async () => undefined,
    };
  };

busConformance(
  "memory",
  on((cluster) => new MemoryBus(cluster)),
);
membershipConformance(
  "memory",
  on((cluster) => new MemoryMembership(cluster)),
);
directoryConformance(
  "memory",
  on((cluster) => new MemoryDirectory(cluster)),
);
