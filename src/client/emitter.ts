/** Who wants to hear what, by name. A listener that throws is the page's mistake and stops nobody else. */

export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(value: never) => void>>();

  /** The result takes it back. */
  on<Name extends keyof Events>(name: Name, listener: (value: Events[Name]) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  hears(name: keyof Events): boolean {
    return !!this.#listeners.get(name)?.size;
  }

  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        (listener as (value: Events[Name]) => void)(value);
      } catch (error) {
        // As if the platform had called it: reported there, and in the way of nothing here.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
