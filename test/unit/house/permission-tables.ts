/**
 * The tables of docs/PERMISSIONS.md, as the code has them: per room type, who may do what.
 * `bun test/unit/house/permission-tables.ts` writes them anew.
 */
import {
  ACTION_WORDS,
  type Action,
  type Minimum,
  NEEDS_MEMBERSHIP,
  PERMISSIONS,
  TENANT_ADMIN_COUNTS,
} from "../../../src/domain/room/permissions.ts";
import { ROOM_TYPE_LIMITS } from "../../../src/domain/room/room-types.ts";
import type { RoomType } from "../../../src/domain/room/vocabulary.ts";
import { DocumentTables } from "../../support/document-tables.ts";

const TYPES = Object.keys(PERMISSIONS) as readonly RoomType[];

const SHOWN: Readonly<Record<Minimum, string>> = {
  none: "everybody",
  member: "member",
  moderator: "moderator",
  admin: "admin",
  owner: "owner",
  tenant_admin: "tenant admin",
  nobody: "–",
};

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

export function permissionTables(): ReadonlyMap<string, string> {
  const actions = Object.keys(ACTION_WORDS) as readonly Action[];
  return new Map([
    [
      "permissions",
      table(
        ["action", "to …", ...TYPES, "needs membership"],
        actions.map((action) => [
          `\`${action}\``,
          ACTION_WORDS[action],
          ...TYPES.map((type) => SHOWN[PERMISSIONS[type][action]]),
          NEEDS_MEMBERSHIP[action] ? "yes" : "no",
        ]),
      ),
    ],
    [
      "room types",
      table(
        ["type", "members", "when nobody says", "role of those named when it is made", "tenant admins count"],
        TYPES.map((type) => {
          const { membersMin, membersMax, membersDefault, membersExactly, participantRole } = ROOM_TYPE_LIMITS[type];
          const members = membersExactly === undefined ? `${membersMin} to ${membersMax}` : `exactly ${membersExactly}`;
          return [type, members, String(membersDefault), participantRole, TENANT_ADMIN_COUNTS[type] ? "yes" : "no"];
        }),
      ),
    ],
  ]);
}

export const PERMISSIONS_DOCUMENT = new DocumentTables("docs/PERMISSIONS.md");

if (import.meta.main) await PERMISSIONS_DOCUMENT.write(permissionTables());
