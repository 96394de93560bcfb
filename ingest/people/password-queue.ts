/** Passwords are slow to try, in the few threads that also read and write files: so only a few are tried at a time. */

export interface PasswordQueueLimits {
  readonly atOnce: number;
  /** Of strangers, and as many of those who are known here. */
  readonly waiting: number;
}

export interface PasswordQueue {
  /** Null: too many wait, or it is closed. Who is known goes before all strangers. */
  try(isKnown: boolean, attempt: () => Promise<boolean>): Promise<boolean> | null;
  /** Begins none any more, and answers those that wait as wrong: a line of them would hold up the stop for seconds. */
  close(): void;
}

interface Waiting {
  begin(): Promise<void>;
  drop(): void;
}

export function createPasswordQueue({ atOnce, waiting }: PasswordQueueLimits): PasswordQueue {
  const known: Waiting[] = [];
  const strangers: Waiting[] = [];
  let running = 0;
  let isClosed = false;

  async function start({ begin }: Waiting): Promise<void> {
    running++;
    await begin();
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
      if (isClosed || line.length >= waiting) return null;
      return new Promise((resolve, reject) => {
        line.push({ begin: () => Promise.try(attempt).then(resolve, reject), drop: () => resolve(false) });
        startNext();
      });
    },
    close() {
      isClosed = true;
      for (const { drop } of [...known.splice(0), ...strangers.splice(0)]) drop();
    },
  };
}
