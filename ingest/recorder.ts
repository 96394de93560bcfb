/**
 * Groups readings into synced commits (contract 2.5). A group is committed as soon as the store is free, without a
 * linger: what comes in meanwhile makes up the next one. A failed group is tried again until it is stored.
 */
import type { Log } from '../model/log.ts';
import type { Reading } from '../model/reading.ts';
import type { AppendOutcome, ReadingStore } from './store/reading-store.ts';

export interface Recorder {
  /** Resolves with an outcome per reading, once they are on disk. */
  add(readings: readonly Reading[]): Promise<readonly AppendOutcome[]>;
  /** Readings not yet on disk. */
  inFlight(): number;
  isFailing(): boolean;
  /** Commits what is waiting; gives up on it only where the store fails. */
  stop(): Promise<void>;
}

interface Waiting {
  readonly readings: readonly Reading[];
  readonly resolve: (outcomes: readonly AppendOutcome[]) => void;
}

/** A commit takes milliseconds; a group of this size keeps it so. */
const MAX_GROUP_READINGS = 20_000;
const RETRY_MS = 1_000;

export function createRecorder({ store, log }: { store: ReadingStore; log: Log }): Recorder {
  const waiting: Waiting[] = [];
  const stopping = new AbortController();
  let inFlight = 0;
  let isFailing = false;
  let running: Promise<void> | null = null;

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      const group = takeGroup(waiting);
      const outcomes = await appendUntilStored(group.flatMap((entry) => entry.readings));
      if (outcomes === null) break;
      let offset = 0;
      for (const { readings, resolve } of group) {
        resolve(outcomes.slice(offset, offset + readings.length));
        offset += readings.length;
      }
      inFlight -= offset;
    }
    // In the same turn as the look at `waiting`: what is added from here on starts a new run.
    running = null;
  }

  /** Null when stopped before the store took them. */
  async function appendUntilStored(readings: readonly Reading[]): Promise<readonly AppendOutcome[] | null> {
    while (true) {
      try {
        const outcomes = await store.append(readings);
        if (isFailing) log.info({ readings: readings.length }, 'the store takes readings again');
        isFailing = false;
        return outcomes;
      } catch (error) {
        if (!isFailing) log.error({ err: error, readings: readings.length }, 'readings cannot be stored; trying again');
        isFailing = true;
      }
      if (stopping.signal.aborted) return null;
      await pause(RETRY_MS, stopping.signal);
    }
  }

  return {
    add(readings) {
      inFlight += readings.length;
      return new Promise((resolve) => {
        waiting.push({ readings, resolve });
        running ??= run();
      });
    },
    inFlight: () => inFlight,
    isFailing: () => isFailing,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

/** Ends early when aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

function takeGroup(waiting: Waiting[]): Waiting[] {
  let readings = 0;
  let count = 0;
  while (count < waiting.length && readings < MAX_GROUP_READINGS) {
    readings += waiting[count]?.readings.length ?? 0;
    count++;
  }
  return waiting.splice(0, count);
}
