/** A room as lines of JSON, for its owners and the tenant's administrators. A capsule, which can be imported, is made by a command. */
import { Elysia } from "elysia";
import { authenticated, type RestOptions } from "../rest/authenticated.ts";
import { answerError, refuse } from "../rest/envelope.ts";
import { RoomExport, streamOf } from "../keeping/room-export.ts";
import { roomParams } from "../rest/schemas.ts";

const LINES = "application/x-ndjson";

export function exportPlugin(prefix: string, options: RestOptions) {
  return new Elysia({ prefix, detail: { tags: ["rooms"] } })
    .onError((context) => answerError(context, options.log))
    .use(authenticated(options))
    .get(
      "/rooms/:roomId/export",
      async ({ principal, params: { roomId }, set }) => {
        const exported = new RoomExport(options.engine, principal, roomId);
        const room = await exported.open();
        if (!room.ok) return refuse(set, room.error);
        const disposition = `attachment; filename="${encodeURIComponent(roomId)}.jsonl"`;
        return new Response(streamOf(exported.pages(room.value)), {
          headers: { "content-type": LINES, "content-disposition": disposition },
        });
      },
      {
        params: roomParams,
        detail: {
          summary: "The whole room as lines of JSON: room, members, messages, end",
          description: "Without a last line of the kind `end` it is not whole.",
        },
      },
    );
}
