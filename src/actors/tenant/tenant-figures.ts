/**
 * A tenant's figures as documents, one a day: added to by whoever counted something, kept for so many days.
 * Invariant: two who add at once lose nothing of each other's.
 */
import type { TenantId } from "../../base/ids.ts";
import { FIGURES_DAYS_MAX } from "../../base/limits.ts";
import { DAY_MS, dayOf, startOfDay } from "../../base/days.ts";
import { addFigures, type DayFigures, type FiguresDelta, NO_FIGURES } from "../../domain/figures.ts";
import type { FiguresOfDay } from "../tenant-calls.ts";
import type { Done } from "../../storage/journal.ts";
import type { Projections } from "../../storage/projections.ts";

const FIGURES = "figures";
const ATTEMPTS_MAX = 8;

/** false: it could not be written, and is to be given again. */
export function writeFigures(
  projections: Projections,
  delta: FiguresDelta,
  done: (written: boolean) => void,
  attempt = 1,
): void {
  const tenant = delta.tenant as TenantId;
  projections.readDocument(tenant, FIGURES, delta.day, (read) => {
    if (!read.ok) return done(false);
    const version = read.value?.version ?? 0;
    const known = (read.value?.value as DayFigures | undefined) ?? NO_FIGURES;
    projections.writeDocument(tenant, FIGURES, delta.day, addFigures(known, delta.figures), version, (written) => {
      if (!written.ok) return done(false);
      if (written.value === "conflict") {
        if (attempt >= ATTEMPTS_MAX) return done(false);
        return writeFigures(projections, delta, done, attempt + 1);
      }
      // A new day: the one that is too old goes.
      if (version === 0) dropOld(projections, tenant, delta.day);
      done(true);
    });
  });
}

function dropOld(projections: Projections, tenant: TenantId, day: string): void {
  const old = dayOf(startOfDay(day) - (FIGURES_DAYS_MAX - 1) * DAY_MS);
  const page = { limit: FIGURES_DAYS_MAX, backward: true, after: old } as const;
  projections.listDocuments(tenant, FIGURES, page, (read) => {
    if (!read.ok) return;
    for (const { id, version } of read.value)
      projections.writeDocument(tenant, FIGURES, id, null, version, () => undefined);
  });
}

/** The newest day first. */
export function readFigures(
  projections: Projections,
  tenant: TenantId,
  days: number,
  done: Done<readonly FiguresOfDay[]>,
): void {
  projections.listDocuments(tenant, FIGURES, { limit: days, backward: true }, (read) => {
    if (!read.ok) return done(read);
    done({ ok: true, value: read.value.map(({ id, value }) => ({ day: id, figures: value as DayFigures })) });
  });
}
