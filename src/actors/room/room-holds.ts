/** Whether a room is on legal hold, by itself or with its tenant: read where something of it is to go, each time. */
import { HOLDS, PERSON_HOLDS, roomHold, TENANT_HOLD } from "../../base/holds.ts";
import type { RoomId, TenantId } from "../../base/ids.ts";
import type { RoomHold } from "../../domain/room/decision.ts";
import type { ReadResult } from "../../storage/journal.ts";
import type { Projections } from "../../storage/projections.ts";

type Answer<Value> = (result: ReadResult<Value>) => void;

export function readHold(
  projections: Pick<Projections, "readDocument">,
  tenant: TenantId,
  room: RoomId,
  answer: Answer<RoomHold>,
): void {
  projections.readDocument(tenant, HOLDS, TENANT_HOLD, (whole) => {
    if (!whole.ok) return answer(whole);
    if (whole.value !== null) return answer({ ok: true, value: "tenant" });
    projections.readDocument(tenant, HOLDS, roomHold(room), (own) => {
      answer(own.ok ? { ok: true, value: own.value === null ? "none" : "room" } : own);
    });
  });
}

/** Whose the bytes of a file are, its name does not say: while the tenant holds what a person wrote, none of them go. */
export function areFilesHeld(
  projections: Pick<Projections, "readDocument" | "listDocuments">,
  tenant: TenantId,
  room: RoomId,
  answer: Answer<boolean>,
): void {
  readHold(projections, tenant, room, (hold) => {
    if (!hold.ok) return answer(hold);
    if (hold.value !== "none") return answer({ ok: true, value: true });
    projections.listDocuments(tenant, HOLDS, { prefix: PERSON_HOLDS, limit: 1 }, (people) => {
      answer(people.ok ? { ok: true, value: people.value.length > 0 } : people);
    });
  });
}
