/** Bugs that only several nodes can have. */
import type { Plant } from "./scenario.ts";

export const CLUSTER_BUGS: readonly { readonly name: string; readonly plant: Plant }[] = [];
