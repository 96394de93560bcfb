import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { loadConfiguration } from '../../../app/config/check-config.ts';
import { DAY_MS, HOUR_MS, NOVEMBER, newTown, plant, rules } from '../../device-sim/village.ts';
import { startDetectBench } from '../../harness/detect.ts';

const SHARED = process.env.AIMAK_SHARED ?? join(import.meta.dirname, '../../../../shared');
const FLOWS = join(SHARED, 'data/battledim-2019/flows_level_2019H1.csv.gz');

describe('a normal day', () => {
  it.each([1, 2, 3])(
    'of the demo village, 14 times, raises nothing (seed %i)',
    async (seed) => {
      const town = await newTown({ seed });
      const bench = startDetectBench({ plant, rules, fromMs: NOVEMBER });
      for (let atMs = NOVEMBER + HOUR_MS; atMs <= NOVEMBER + 14 * DAY_MS; atMs += HOUR_MS) {
        for (const { device, frame, atMs: ts } of town.step(atMs)) bench.send(device, frame.ts ?? ts, frame.values);
        bench.goTo(atMs, 10_000);
      }
      expect(bench.changes).toEqual([]);
    },
    60_000,
  );

  it('of the demo village raises nothing as a back-fill either', async () => {
    const town = await newTown();
    const nowMs = NOVEMBER + 14 * DAY_MS;
    const bench = startDetectBench({ plant, rules, fromMs: nowMs });
    // Backlogs come device by device.
    for (let atMs = NOVEMBER + 12 * HOUR_MS; atMs < nowMs; atMs += 12 * HOUR_MS) {
      for (const messages of Map.groupBy(town.step(atMs, 300), ({ device }) => device).values()) {
        for (const { device, frame, atMs: ts } of messages) bench.send(device, frame.ts ?? ts, frame.values);
      }
    }
    bench.goTo(nowMs + HOUR_MS, 10_000);
    expect(bench.changes.filter(({ isHistorical }) => isHistorical)).toEqual([]);
  }, 60_000);
});

describe('a replay of BattLeDIM', () => {
  it('pages nobody, and leaves few episodes on record', async ({ skip }) => {
    if (!existsSync(FLOWS)) skip(`${FLOWS} is not there (set AIMAK_SHARED)`);
    const config = loadConfiguration(['--config', 'config/battledim/aimak.yaml'], {});
    if (!config) throw new Error('no configuration');
    const bench = startDetectBench({ ...config, fromMs: NOVEMBER });
    const series = ['inlet-227.flow_rate', 'inlet-235.flow_rate', 'pump-1.flow_rate', 't1-level.level'];
    const lines = createInterface({ input: createReadStream(FLOWS).pipe(createGunzip()) });
    for await (const line of lines) {
      const [time = '', ...values] = line.split(',');
      const ts = Date.parse(`${time.replace(' ', 'T')}+02:00`);
      if (Number.isNaN(ts)) continue;
      for (const [i, name] of series.entries()) {
        const [device = '', metric = ''] = name.split('.');
        bench.send(device, ts, { [metric]: Number(values[i]) });
      }
    }
    bench.goTo(NOVEMBER + HOUR_MS, 10_000);
    expect(bench.active.size).toBe(0);
    expect(bench.changes.every(({ isHistorical }) => isHistorical)).toBe(true);
    expect(bench.raises().length).toBeLessThan(30);
  }, 60_000);
});
