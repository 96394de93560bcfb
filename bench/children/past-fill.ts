/** Fills a store with a past, straight through `append`, in the order in which devices would have reported. */
import { openSqliteStore } from '../../ingest/store/sqlite-store.ts';
import type { DeviceId, MetricName } from '../../model/ids.ts';
import type { Reading } from '../../model/reading.ts';
import { type Past, pastTs, pastValue } from '../past.ts';
import { readOptions, tellParent } from './parent.ts';

const GROUP_READINGS = 50_000;

const { file, past } = await readOptions<{ file: string; past: Past }>();
const store = await openSqliteStore(file);
const perTurn = past.devices.length * past.metrics.length;
const turnsAtOnce = Math.max(1, Math.floor(GROUP_READINGS / perTurn));
let stored = 0;
for (let from = 0; from < past.readings; from += turnsAtOnce) {
  const outcomes = await store.append(readingsOf(from, Math.min(from + turnsAtOnce, past.readings)));
  stored += outcomes.length;
  void tellParent('progress', stored);
}
await store.compact();
await store.stop();
await tellParent('filled', stored);
process.exit(0);

function readingsOf(from: number, to: number): Reading[] {
  const readings: Reading[] = [];
  for (let i = from; i < to; i++) {
    past.devices.forEach((device, d) => {
      const ts = pastTs(past, d, i);
      past.metrics.forEach((metric, m) => {
        const value = pastValue(d, m, ts);
        readings.push({ device: device as DeviceId, metric: metric as MetricName, ts, value, quality: 'good' });
      });
    });
  }
  return readings;
}
