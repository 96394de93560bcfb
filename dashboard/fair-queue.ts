/** Who waits for what only a few can have at a time: in turn by network, so that one asker of much delays itself alone. */
import { setTimeout as delay } from 'node:timers/promises';
import { HttpError } from './http-error.ts';

export interface FairQueueLimits {
  readonly atOnce: number;
  /** How many may wait. Where one more comes, the last of those who have most in line is refused. */
  readonly waiting: number;
  /** How long it rests after each, as a multiple of what that took: for what holds up everything else meanwhile. */
  readonly rest: number;
}

export interface Asker {
  readonly network: string;
  /** Has hung up: nothing is done any more. */
  isGone(): boolean;
}

export interface FairQueue {
  /** Rejects with 503 `busy` where too many wait. */
  run<T>(asker: Asker, work: () => T | Promise<T>): Promise<T>;
}

interface Job {
  readonly asker: Asker;
  readonly work: () => Promise<void>;
  readonly refuse: (error: Error) => void;
}

export function createFairQueue({ atOnce, waiting: most, rest }: FairQueueLimits, uptimeMs: () => number): FairQueue {
  /** By network, in the order of their turns. */
  const lines = new Map<string, Job[]>();
  let waiting = 0;
  let running = 0;

  /** The next whose asker is there still. */
  function take(): Job | undefined {
    for (const [network, line] of lines) {
      const job = line.shift();
      lines.delete(network);
      if (line.length > 0) lines.set(network, line);
      if (!job) continue;
      waiting--;
      if (!job.asker.isGone()) return job;
      job.refuse(new HttpError(503, 'busy', 'nobody waits for the answer any more'));
    }
    return undefined;
  }

  function makeRoom(network: string): void {
    if (waiting < most) return;
    const own = lines.get(network)?.length ?? 0;
    const longest = [...lines.values()].reduce((a, b) => (b.length > a.length ? b : a), []);
    if (longest.length <= own) throw busy();
    longest.pop()?.refuse(busy());
    waiting--;
  }

  async function start({ work }: Job): Promise<void> {
    running++;
    const beganMs = uptimeMs();
    await work();
    const restMs = rest * (uptimeMs() - beganMs);
    if (restMs > 0) await delay(restMs);
    running--;
    startNext();
  }

  function startNext(): void {
    while (running < atOnce) {
      const job = take();
      if (!job) return;
      void start(job);
    }
  }

  return {
    async run<T>(asker: Asker, work: () => T | Promise<T>): Promise<T> {
      makeRoom(asker.network);
      return new Promise<T>((resolve, reject) => {
        const line = lines.get(asker.network) ?? [];
        line.push({ asker, work: async () => Promise.try(work).then(resolve, reject), refuse: reject });
        lines.set(asker.network, line);
        waiting++;
        startNext();
      });
    },
  };
}

function busy(): HttpError {
  return new HttpError(503, 'busy', 'too many ask at the same time; try again in a moment');
}
