/** Whether a room is on legal hold, by itself or with its tenant: read where something of it is to go, each time. */
import { areFilesHeld, HOLDS, PERSON_HOLDS, roomHold, TENANT_HOLD } from "../../base/holds.ts";
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

/** For whoever takes away the bytes of a room's files. */
export function readFilesHeld(
  projections: Pick<Projections, "readDocument" | "listDocuments">,
  tenant: TenantId,
  room: RoomId,
  answer: Answer<boolean>,
): void {
  readHold(projections, tenant, room, (hold) => {
    if (!hold.ok) return answer(hold);
    const held = { tenant: hold.value === "tenant", room: hold.value === "room" };
    if (areFilesHeld({ ...held, anyPerson: false })) return answer({ ok: true, value: true });
    projections.listDocuments(tenant, HOLDS, { prefix: PERSON_HOLDS, limit: 1 }, (people) => {
      answer(people.ok ? { ok: true, value: areFilesHeld({ ...held, anyPerson: people.value.length > 0 }) } : people);
    });
  });
}
