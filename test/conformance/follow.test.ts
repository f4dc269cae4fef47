import { followConformance } from "./follow-suite.ts";
import { openMemoryFollow, openSqliteFollow } from "../support/follow-harness.ts";

followConformance("memory", openMemoryFollow);
followConformance("SQLite", openSqliteFollow);
