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
  /** Commits what is waiting; gives up on it only where the store fails. */
  stop(): Promise<void>;
}

interface RecorderDependencies {
  readonly store: ReadingStore;
  readonly log: Log;
  /** Told of each group, in the order of its readings, before anyone hears that they are stored. */
  readonly onCommitted: (readings: readonly Reading[], outcomes: readonly AppendOutcome[]) => void;
}

interface Waiting {
  readonly readings: readonly Reading[];
  readonly resolve: () => void;
}

/** A commit takes milliseconds; a group of this size keeps it so, and what follows it too. */
const MAX_GROUP_READINGS = 10_000;
const RETRY_MS = 1_000;

export function createRecorder({ store, log, onCommitted }: RecorderDependencies): Recorder {
  const waiting: Waiting[] = [];
  const stopping = new AbortController();
  let inFlight = 0;
  let isFailing = false;
  let committing: Promise<void> | null = null;

  /** The store works on the next group while this one is told of: both threads are busy. */
  async function commit(group: readonly Waiting[]): Promise<void> {
    const readings = group.flatMap((entry) => entry.readings);
    const outcomes = await appendUntilStored(readings);
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
    for (const { resolve } of group) resolve();
  }

  function commitNext(): void {
    if (committing === null && waiting.length > 0) committing = commit(takeGroup(waiting));
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
        commitNext();
      });
    },
    inFlight: () => inFlight,
    isFailing: () => isFailing,
    async stop() {
      stopping.abort();
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

function takeGroup(waiting: Waiting[]): Waiting[] {
  let readings = 0;
  let count = 0;
  while (count < waiting.length && readings < MAX_GROUP_READINGS) {
    readings += waiting[count]?.readings.length ?? 0;
    count++;
  }
  return waiting.splice(0, count);
}
