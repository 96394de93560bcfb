import type { DeviceId } from '../model/ids.ts';
import type { Reading } from '../model/reading.ts';
import type { AppendOutcome, ReadingStore } from './store/reading-store.ts';

/** So far a burst may run ahead of the clock; further ahead means that the clock was set back. */
const MAX_AHEAD_MS = 5_000;

/** Time of receipt for devices without a clock, epoch ms: never the same twice for a device, or its second reading would be a conflict. */
export function createReceiptClock(now: () => number): (device: DeviceId) => number {
  const last = new Map<DeviceId, number>();
  return (device) => {
    const nowMs = now();
    const next = (last.get(device) ?? 0) + 1;
    const at = next - nowMs > MAX_AHEAD_MS ? nowMs : Math.max(nowMs, next);
    last.set(device, at);
    return at;
  };
}

/** So often a millisecond is tried; a device that says more in one has lost its mind. */
const MAX_TRIES = 1_000;

/**
 * A store that loses no receipt whose millisecond is taken: by a clock that was set back, the same times come again. Such
 * a reading gets the next one, as if it had come so much later.
 */
export function withFreeReceipts(store: Pick<ReadingStore, 'append'>): Pick<ReadingStore, 'append'> {
  return {
    async append(readings) {
      let outcomes = await store.append(readings);
      for (let tries = 0; tries < MAX_TRIES && outcomes.some(isTaken); tries++) {
        const taken = readings.filter((reading, i) => reading.isReceipt === true && isTaken(outcomes[i]));
        if (taken.length === 0) break;
        for (const reading of taken as Restamped[]) reading.ts++;
        const again = await store.append(taken);
        let next = 0;
        outcomes = outcomes.map((outcome, i) => (readings[i] === taken[next] ? (again[next++] ?? outcome) : outcome));
      }
      return outcomes;
    },
  };
}

/** Nobody has seen it yet but those who store it. */
type Restamped = { -readonly [K in keyof Reading]: Reading[K] };

const isTaken = (outcome: AppendOutcome | undefined): boolean => outcome === 'conflict' || outcome === 'duplicate';
