/** Passwords are slow to try, in the few threads that also read and write files: so only a few are tried at a time. */

export interface PasswordQueueLimits {
  readonly atOnce: number;
  /** Of strangers, and as many of those who are known here. */
  readonly waiting: number;
}

export interface PasswordQueue {
  /** Null: too many wait. Who is known goes before all strangers. */
  try(isKnown: boolean, attempt: () => Promise<boolean>): Promise<boolean> | null;
}

export function createPasswordQueue({ atOnce, waiting }: PasswordQueueLimits): PasswordQueue {
  const known: (() => Promise<void>)[] = [];
  const strangers: (() => Promise<void>)[] = [];
  let running = 0;

  async function start(next: () => Promise<void>): Promise<void> {
    running++;
    await next();
    running--;
    startNext();
  }

  function startNext(): void {
    while (running < atOnce) {
      const next = known.shift() ?? strangers.shift();
      if (!next) return;
      void start(next);
    }
  }

  return {
    try(isKnown, attempt) {
      const line = isKnown ? known : strangers;
      if (line.length >= waiting) return null;
      return new Promise((resolve, reject) => {
        line.push(() => Promise.try(attempt).then(resolve, reject));
        startNext();
      });
    },
  };
}
