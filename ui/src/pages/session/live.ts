/** Values that change many times a second, told to those who look without drawing the whole page. */

import { useSyncExternalStore } from "react";

export class Live<T> {
  readonly #listeners = new Set<() => void>();
  #value: T;

  constructor(value: T) {
    this.#value = value;
  }
  get value(): T {
    return this.#value;
  }
  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const tell of [...this.#listeners]) tell();
  }
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

/** What `select` makes of a live value; the component is drawn anew when that changes. */
export function useLive<T, S>(live: Live<T>, select: (value: T) => S): S {
  return useSyncExternalStore(live.subscribe, () => select(live.value));
}
