/**
 * Groups readings into synced commits (contract 2.5). A group is committed as soon as the store is free, without a
 * linger: what comes in meanwhile makes up the next one. A failed group is tried again until it is stored.
 */
import type { Log } from '../model/log.ts';
import type { Reading } from '../model/reading.ts';
import type { AppendOutcome, ReadingStore } from './store/reading-store.ts';

export interface Recorder {
  /** Resolves once the readings are on disk and `onCommitted` has been told of them. */
  add(readings: readonly Reading[]): Promise<void>;
  /** Readings not yet on disk. */
  inFlight(): number;
  isFailing(): boolean;
  /** For how long the oldest of them has waited; 0 where none does. */
  oldestPendingMs(): number;
  /** Commits what is waiting; gives up on it only where the store fails. */
  stop(): Promise<void>;
}

interface RecorderDependencies {
  readonly store: Pick<ReadingStore, 'append'>;
  readonly log: Log;
  /** Goes on evenly, whatever happens to the clock. */
  readonly uptimeMs: () => number;
  /** Told of each group, in the order of its readings, before anyone hears that they are stored. */
  readonly onCommitted: (readings: readonly Reading[], outcomes: readonly AppendOutcome[]) => void;
}

/** What will be committed together; who waits for it shares one promise. */
interface Group {
  readonly readings: Reading[];
  readonly beganMs: number;
  readonly stored: Promise<void>;
  readonly resolve: () => void;
}

/** A commit takes milliseconds; a group of this size keeps it so, and what follows it too. */
const MAX_GROUP_READINGS = 10_000;
const RETRY_MS = 1_000;

export function createRecorder({ store, log, uptimeMs, onCommitted }: RecorderDependencies): Recorder {
  /** Oldest first; the last one still grows. */
  const waiting: Group[] = [];
  const stopping = new AbortController();
  let inFlight = 0;
  let isFailing = false;
  let committing: Promise<void> | null = null;
  /** What the store is at. */
  let atStore: Group | null = null;

  /** The store works on the next group while this one is told of: both threads are busy. */
  async function commit(group: Group): Promise<void> {
    const { readings, resolve } = group;
    atStore = group;
    const outcomes = await appendUntilStored(readings);
    atStore = null;
    committing = null;
    if (outcomes === null) return;
    commitNext();
    inFlight -= readings.length;
    try {
      onCommitted(readings, outcomes);
    } catch (error) {
      // They are stored: a mistake in what follows takes back no acknowledgement.
      log.error({ err: error, readings: readings.length }, 'stored, but not followed up');
    }
    resolve();
  }

  function commitNext(): void {
    const group = committing === null ? waiting.shift() : undefined;
    if (group) committing = commit(group);
  }

  /** Begun with the first reading, and committed at the end of the turn: what a socket brought at once stays together. */
  function growingGroup(): Group {
    const last = waiting.at(-1);
    if (last && last.readings.length < MAX_GROUP_READINGS) return last;
    const { promise: stored, resolve } = Promise.withResolvers<void>();
    const group: Group = { readings: [], beganMs: uptimeMs(), stored, resolve };
    waiting.push(group);
    queueMicrotask(commitNext);
    return group;
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
      const group = growingGroup();
      for (const reading of readings) group.readings.push(reading);
      return group.stored;
    },
    inFlight: () => inFlight,
    isFailing: () => isFailing,
    oldestPendingMs() {
      const oldest = atStore ?? waiting[0];
      return oldest ? uptimeMs() - oldest.beganMs : 0;
    },
    async stop() {
      stopping.abort();
      commitNext();
      while (committing) await committing;
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
