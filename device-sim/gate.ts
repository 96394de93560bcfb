/** Keeps what goes on in turns from its next turn while something is done that must not be overtaken. */
export interface Gate {
  /** Resolves while nothing is being done. */
  pass(): Promise<void>;
  /** Does it after all that was begun before. */
  hold<T>(work: () => Promise<T>): Promise<T>;
}

export function createGate(): Gate {
  let last: Promise<unknown> = Promise.resolve();
  return {
    async pass() {
      for (let seen: unknown = null; seen !== last; await seen) seen = last;
    },
    hold(work) {
      const done = last.then(work);
      last = done.catch(() => undefined);
      return done;
    },
  };
}
