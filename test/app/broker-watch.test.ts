import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startBrokerWatch } from '../../app/broker-watch.ts';
import { createAlarmDesk } from '../../ingest/alarms/desk.ts';
import { openAlarmJournal } from '../../ingest/alarms/journal.ts';
import { createDataFaults } from '../../ingest/data-faults.ts';
import { silentLog, smallPlant } from '../harness/readings.ts';
import { temporaryFolder } from '../harness/server.ts';

const all = { activeOnly: true, from: 0, to: 1e15, limit: 100 };
const WELL = { connected: true, silent: [] as string[], gone: [] as string[] };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched() {
  const journal = openAlarmJournal(join(temporaryFolder(), 'alarms.db'), { faults: createDataFaults(), now: () => 0 });
  const alarms = createAlarmDesk(journal, { plant: smallPlant(), rules: [], log: silentLog, now: Date.now });
  let health: typeof WELL | null = WELL;
  const stop = startBrokerWatch(() => health, { alarms, now: Date.now, log: silentLog });
  return {
    alarms,
    stop,
    /** What is open after so many seconds of this. */
    after(seconds: number, state: Partial<typeof WELL> | null) {
      health = state && { ...WELL, ...state };
      vi.advanceTimersByTime(seconds * 1_000);
      return alarms
        .list(all)
        .filter(({ clearedAt }) => clearedAt === null)
        .map(({ rule, site }) => (site === null ? rule : `${rule} ${site}`));
    },
  };
}

it('opens an alarm for a broker that is away for longer than a restart takes', () => {
  const watch = watched();
  expect(watch.after(25, { connected: false })).toEqual([]);
  expect(watch.after(10, { connected: false })).toEqual(['broker-away']);
  expect(watch.after(15, {})).toEqual([]);
  watch.stop();
});

it('opens an alarm for a broker that delivers nothing, and one for each site whose ingest is gone', () => {
  const watch = watched();
  expect(watch.after(2, { silent: ['aimak/v1/+/+/telemetry'] })).toEqual(['broker-silent']);
  const gone = watch.after(15, { gone: ['naryn', 'osh'] });
  expect(gone.toSorted()).toEqual(['ingest-gone naryn', 'ingest-gone osh']);
  expect(watch.after(2, { gone: ['osh'] })).toEqual(['ingest-gone osh']);
  watch.stop();
});

it('closes what is left of a broker elsewhere once the embedded one is used', () => {
  const watch = watched();
  watch.after(2, { silent: ['x'], gone: ['osh'] });
  expect(watch.after(15, null)).toEqual([]);
  watch.stop();
});
