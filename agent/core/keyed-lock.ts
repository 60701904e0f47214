// One change at a time per key; different keys do not wait for each other.
export class KeyedLock<Key> {
  readonly #tails = new Map<Key, Promise<void>>();

  async run<T>(key: Key, work: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const result = before.then(work);
    const tail = result.then(ignore, ignore);
    this.#tails.set(key, tail);
    try {
      return await result;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}

function ignore(): void {
  // the next in line does not care how this one ended
}
