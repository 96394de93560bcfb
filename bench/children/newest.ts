/** How long the store takes to give the newest reading of each of 10,000 series. */
import { join } from 'node:path';
import { openSqliteStore } from '../../ingest/store/sqlite-store.ts';
import type { DeviceId, MetricName } from '../../model/ids.ts';
import type { Reading } from '../../model/reading.ts';
import { readOptions, tellParent } from './parent.ts';

const SERIES = 10_000;
const READINGS = 50;
const TIMES = 20;

const { folder } = await readOptions<{ folder: string }>();
const store = await openSqliteStore(join(folder, 'newest.db'));
const firstTs = Date.now() - READINGS * 60_000;
for (let i = 0; i < READINGS; i++) {
  const readings = Array.from(
    { length: SERIES },
    (_, series): Reading => ({
      device: `meter-${series}` as DeviceId,
      metric: 'level' as MetricName,
      ts: firstTs + i * 60_000,
      value: (series % 100) / 10 + i / 100,
      quality: 'good',
    }),
  );
  await store.append(readings);
}
await store.compact();
const took: number[] = [];
for (let i = 0; i < TIMES; i++) {
  const startedAt = performance.now();
  const newest = await store.newest();
  took.push(performance.now() - startedAt);
  if (newest.length !== SERIES) throw new Error(`newest of ${newest.length} series instead of ${SERIES}`);
}
await store.stop();
await tellParent('took', took);
process.exit(0);
