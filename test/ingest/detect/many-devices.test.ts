/** What a device costs that may say anything, and says little: it has no profile (issue 22, 15). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { createSeriesWatcher, type SeriesMemory } from '../../../ingest/detect/series-watch.ts';
import type { ConditionChange } from '../../../model/condition.ts';
import type { DeviceId, MetricName } from '../../../model/ids.ts';
import { parsePlant } from '../../../model/plant.ts';
import { parseRules } from '../../../model/rule-file.ts';
import type { SeriesWatch } from '../../../model/watch.ts';
import { watchesOf } from '../../../model/watches.ts';
import { ROOT } from '../../harness/process.ts';

const START_MS = Date.UTC(2026, 0, 1);
const MOST_BYTES_A_DEVICE = 4_000;

function plantOf(count: number) {
  const devices = Array.from({ length: count }, (_, i) => ({ id: `d-${i}`, site: 's' }));
  const sites = [{ id: 's', lat: 42, lon: 76, timeZone: 'Asia/Bishkek' }];
  const plant = parsePlant({ sites, assets: [], devices }, new Map());
  const file = parse(readFileSync(join(ROOT, 'config/rules.yaml'), 'utf8'));
  const rules = parseRules(file, { plant: null });
  if (!plant.ok || !rules.ok) throw new Error('the plant or the shipped rules are faulty');
  const isOnSeries = (watch: object): watch is SeriesWatch => 'series' in watch;
  return { plant: plant.value, watches: watchesOf(rules.value, plant.value).filter(isOnSeries) };
}

function watcherOf(
  { plant, watches }: ReturnType<typeof plantOf>,
  { memory = {}, active = [] }: { readonly memory?: SeriesMemory; readonly active?: readonly string[] } = {},
) {
  const told: ConditionChange[] = [];
  const isActive = (key: string): boolean => active.includes(key);
  const tell = (change: ConditionChange): void => void told.push(change);
  return { told, watcher: createSeriesWatcher({ plant, watches, isHistorical: false, memory, isActive, tell }) };
}

const reading = (metric: string, value: number, afterS: number) => ({
  device: 'd-1' as DeviceId,
  metric: metric as MetricName,
  ts: START_MS + afterS * 1_000,
  value,
  quality: 'good' as const,
});

it('makes nothing for a device before it has said something', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const count = 1_000;
  const place = plantOf(count);
  collect();
  const before = process.memoryUsage().heapUsed;
  const { watcher } = watcherOf(place);
  collect();
  const bytes = (process.memoryUsage().heapUsed - before) / count;
  expect(bytes).toBeLessThan(MOST_BYTES_A_DEVICE);
  expect(watcher.memory()).toEqual({});
});

it('raises and ends what a reading says, whenever its metric is heard of first', () => {
  const { told, watcher } = watcherOf(plantOf(3));
  watcher.take(reading('battery_percent', 80, 0));
  watcher.take(reading('pump_fault', 1, 60));
  for (const afterS of [120, 180, 1_200]) watcher.take(reading('pump_fault', 1, afterS));
  expect(told).toMatchObject([{ kind: 'raise', key: 'pump-fault.d-1' }]);
});

it('keeps on what is remembered, and ends what is active, where the metric has not been heard of since the start', () => {
  const kept = { 'pump-fault.d-2': { isActive: false, crossedAt: START_MS } };
  const { told, watcher } = watcherOf(plantOf(3), { memory: kept, active: ['pump-fault.d-1'] });
  expect(watcher.memory()).toMatchObject({ 'pump-fault.d-2': { crossedAt: START_MS } });
  watcher.forget('d-1' as DeviceId);
  expect(told).toMatchObject([{ kind: 'return', key: 'pump-fault.d-1' }]);
});
