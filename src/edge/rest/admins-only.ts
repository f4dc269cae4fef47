/** What those are told who are no administrators of their tenant. */
import type { Rejection } from "../../protocol/errors.ts";

export const ADMINS_ONLY: Rejection = { code: "forbidden", message: "This needs the role admin in your tenant." };
