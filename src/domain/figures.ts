/**
 * A tenant's figures of one day: messages, and who was there, by hours; the rooms with most messages. Pure. What several
 * counted of one day is put together, and stays within a bound: of rooms only the busiest keep their numbers.
 */
import { Distinct, type DistinctData } from "../base/distinct.ts";
import { FIGURES_ROOMS_MAX } from "../base/limits.ts";

export interface HourFigures {
  /** Of the day, in UTC. */
  readonly hour: number;
  readonly messages: number;
  /** Different people who wrote, or were there. */
  readonly writers: DistinctData;
  readonly users: DistinctData;
}
export interface DayFigures {
  readonly hours: readonly HourFigures[];
  /** The busiest, in the order of their messages. */
  readonly rooms: readonly (readonly [room: string, messages: number])[];
}
/** What is to be added: of one tenant and one day, which is 2026-01-31. */
export interface FiguresDelta {
  readonly tenant: string;
  readonly day: string;
  readonly figures: DayFigures;
}

export const NO_FIGURES: DayFigures = { hours: [], rooms: [] };

export function addFigures(one: DayFigures, other: DayFigures): DayFigures {
  const hours = new Map<number, HourFigures>(one.hours.map((each) => [each.hour, each]));
  for (const each of other.hours) {
    const known = hours.get(each.hour);
    hours.set(each.hour, known === undefined ? each : addHour(known, each));
  }
  const rooms = new Map<string, number>(one.rooms);
  for (const [room, messages] of other.rooms) rooms.set(room, (rooms.get(room) ?? 0) + messages);
  return {
    hours: [...hours.values()].sort((a, b) => a.hour - b.hour),
    rooms: busiest([...rooms], FIGURES_ROOMS_MAX),
  };
}

function addHour(one: HourFigures, other: HourFigures): HourFigures {
  return {
    hour: one.hour,
    messages: one.messages + other.messages,
    writers: union([one.writers, other.writers]).data,
    users: union([one.users, other.users]).data,
  };
}

export function busiest(
  rooms: readonly (readonly [string, number])[],
  count: number,
): readonly (readonly [string, number])[] {
  return [...rooms].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, count);
}

export function union(parts: readonly DistinctData[]): Distinct {
  const all = new Distinct();
  for (const part of parts) all.merge(Distinct.of(part));
  return all;
}
