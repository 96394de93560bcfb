/** What comes in: told from what is known already, and put into the outbox. */
import type { Outbox } from '../../../link/outbox.ts';
import type { Reading } from '../../../model/reading.ts';
import type { AppendOutcome } from '../reading-store.ts';
import { packGroup, unpackGroup } from './group.ts';
import { createLineWriter, type PlaceOf, parseLine } from './line-protocol.ts';
import { createRecentWindow, type RecentWindow } from './recent-window.ts';

export interface Intake {
  /** Resolves once they are synced. */
  append(readings: readonly Reading[]): Promise<readonly AppendOutcome[]>;
  /** Readings that InfluxDB has. */
  know(readings: readonly Reading[]): void;
  /** The newest of each series, as far as they are known. */
  newest(): Reading[];
  /** Of the newest entry in the outbox. */
  lastId(): number;
}

/** What waits in the outbox and is read again at the start, the newest first: a second's work. */
const MAX_RESTORED_READINGS = 500_000;

export async function openIntake(outbox: Outbox, placeOf: PlaceOf): Promise<Intake> {
  const recent = createRecentWindow();
  const toLines = createLineWriter(placeOf);
  let lastId = await restore(outbox, recent);
  let appending: Promise<unknown> = Promise.resolve();

  async function take(readings: readonly Reading[]): Promise<readonly AppendOutcome[]> {
    const outcomes = readings.map(recent.take);
    const stored = readings.filter((_, i) => outcomes[i] === 'stored');
    if (stored.length === 0) return outcomes;
    try {
      lastId = await outbox.append(packGroup(toLines(stored)), stored.length);
    } catch (error) {
      recent.giveBack(stored);
      throw error;
    }
    return outcomes;
  }

  return {
    append(readings) {
      // One after the other: what a failed append gives back must not have made duplicates of the next.
      const taken = appending.then(() => take(readings));
      appending = taken.catch(() => undefined);
      return taken;
    },
    know(readings) {
      for (const reading of readings) recent.take(reading);
    },
    newest: recent.newest,
    lastId: () => lastId,
  };
}

/** Repeats of what still waits are recognised, and live state begins with it. Gives the newest entry's id. */
async function restore(outbox: Outbox, recent: RecentWindow): Promise<number> {
  let newest = 0;
  let restored = 0;
  for (let id = Number.MAX_SAFE_INTEGER; restored < MAX_RESTORED_READINGS; ) {
    const entries = await outbox.peekBefore({ id, maxItems: 50_000, maxBytes: 4_000_000 });
    const oldest = entries.at(-1);
    if (!oldest) break;
    for (const { data, items } of entries) {
      for (const line of unpackGroup(data).split('\n')) parseLine(line).forEach(recent.take);
      restored += items;
    }
    newest = Math.max(newest, entries[0]?.id ?? 0);
    id = oldest.id;
  }
  return newest;
}
