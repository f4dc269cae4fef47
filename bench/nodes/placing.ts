/** Which node owns a room: from the nodes' own names, by the engine's own placement. */
import { addressHash, roomAddress } from "../../src/actors/address.ts";
import type { RoomId, TenantId } from "../../src/base/ids.ts";
import type { NodeId } from "../../src/cluster/membership.ts";
import { placeSlots, slotOfHash } from "../../src/cluster/placement.ts";
import { roomName } from "../load/wire.ts";
import { tokenFor } from "../load/token.ts";
import { SECRET, type Server } from "../processes.ts";

/** The tenant of tokens that name none. */
const TENANT = "default" as TenantId;
const ASK_MS_MAX = 10_000;

/** A node's name in the cluster, which is another one in each run of it: one connection to it, looked up by an admin. */
export async function nodeIdOf(server: Server): Promise<NodeId> {
  const user = `probe-${server.port}`;
  const claims = { sub: user, name: user, role: "admin" } as const;
  const headers = { authorization: `Bearer ${tokenFor(claims, SECRET)}` };
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/chat`, { headers });
  try {
    const deadline = performance.now() + ASK_MS_MAX;
    while (performance.now() < deadline) {
      const path = `/v1/chat/admin/connections?userId=${user}`;
      const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { headers });
      const body = (await response.json()) as { data?: { connections?: { node: string }[] } };
      const node = body.data?.connections?.[0]?.node;
      if (node !== undefined) return node as NodeId;
      await Bun.sleep(50);
    }
    throw new Error("a node's name could not be found out");
  } finally {
    socket.close();
  }
}

/** By room: the place of its owner among the servers. */
export function ownersOf(nodes: readonly NodeId[], rooms: readonly string[]): readonly number[] {
  const sorted = nodes.toSorted();
  const table = placeSlots(sorted.map((id) => ({ id, leaving: false })));
  return rooms.map((room) => {
    const hash = addressHash(roomAddress(TENANT, room as RoomId));
    return nodes.indexOf(sorted[table[slotOfHash(hash)] ?? 0] ?? (nodes[0] as NodeId));
  });
}

/** Ports for rooms of three: the sender beside the owner, the witness with it, the receiver on the third node. */
export async function routedPorts(servers: readonly Server[], rooms: number): Promise<readonly number[]> {
  const nodes = await Promise.all(servers.map(nodeIdOf));
  const portAt = (place: number): number => servers[place % servers.length]?.port ?? 0;
  const names = Array.from({ length: rooms }, (_, room) => roomName(room));
  return ownersOf(nodes, names).flatMap((owner, room) => {
    const turn = 1 + (room % 2);
    return [portAt(owner + turn), portAt(owner), portAt(owner + 3 - turn)];
  });
}
