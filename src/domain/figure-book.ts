/** Gathers a tenant's figures until they are handed on. Pure: times are the events' own. */
import { dayOf, hourOf } from "../base/days.ts";
import { Distinct } from "../base/distinct.ts";
import { FIGURES_BOOK_ROOMS_MAX, FIGURES_BOOK_TENANTS_MAX } from "../base/limits.ts";
import { busiest, type FiguresDelta } from "./figures.ts";

interface OpenHour {
  messages: number;
  readonly writers: Distinct;
  readonly users: Distinct;
}
interface OpenDay {
  readonly tenant: string;
  readonly day: string;
  readonly hours: Map<number, OpenHour>;
  readonly rooms: Map<string, number>;
}

export class FigureBook {
  #days = new Map<string, OpenDay>();

  get isEmpty(): boolean {
    return this.#days.size === 0;
  }

  /** So many messages of one room and hour, and who wrote them: but for those who must not be known. */
  wrote(tenant: string, room: string, atMs: number, messages: number, writers: Iterable<string>): void {
    const open = this.#dayOf(tenant, atMs);
    if (open === undefined) return;
    const hour = hourIn(open, atMs);
    hour.messages += messages;
    for (const writer of writers) {
      hour.writers.add(writer);
      hour.users.add(writer);
    }
    const { rooms } = open;
    if (rooms.size < FIGURES_BOOK_ROOMS_MAX || rooms.has(room)) rooms.set(room, (rooms.get(room) ?? 0) + messages);
  }

  wasThere(tenant: string, atMs: number, user: string): void {
    const open = this.#dayOf(tenant, atMs);
    if (open !== undefined) hourIn(open, atMs).users.add(user);
  }

  /** All of it, and begins anew. */
  take(): readonly FiguresDelta[] {
    const days = this.#days;
    this.#days = new Map();
    return [...days.values()].map(({ tenant, day, hours, rooms }) => ({
      tenant,
      day,
      figures: {
        hours: [...hours].map(([hour, { messages, writers, users }]) => ({
          hour,
          messages,
          writers: writers.data,
          users: users.data,
        })),
        rooms: busiest([...rooms], rooms.size),
      },
    }));
  }

  #dayOf(tenant: string, atMs: number): OpenDay | undefined {
    const day = dayOf(atMs);
    const key = `${tenant}/${day}`;
    let open = this.#days.get(key);
    if (open !== undefined) return open;
    if (this.#days.size >= FIGURES_BOOK_TENANTS_MAX) return undefined;
    open = { tenant, day, hours: new Map(), rooms: new Map() };
    this.#days.set(key, open);
    return open;
  }
}

function hourIn({ hours }: OpenDay, atMs: number): OpenHour {
  const hour = hourOf(atMs);
  let open = hours.get(hour);
  if (open === undefined) {
    open = { messages: 0, writers: new Distinct(), users: new Distinct() };
    hours.set(hour, open);
  }
  return open;
}
