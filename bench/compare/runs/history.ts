/** Charts of a month, while nothing else is asked. */
import type { BenchServer } from '../../bench-server.ts';
import type { LargePlant } from '../../large-plant.ts';
import { median } from '../../statistics.ts';
import { type CompareRun, less, type Turn } from '../compare-run.ts';
import { DAY_MS, DAYS, fillMonth, startOnMonth, untilMs } from './filled.ts';

const FIVE_MINUTES_MS = 300_000;
const ONE_SERIES_CALLS = 20;
const CALLS = 100;
const POINTS = 1_000;
const AT_ONCE = 4;
const TIMES = 5;
const AGGREGATES = ['mean', 'min', 'max', 'minmax', 'last'];

export const history: CompareRun = {
  figures: [
    less(`${DAYS} days of one series in 5-min buckets`, 'ms'),
    less(`${CALLS} calls of ${POINTS} points, ${AT_ONCE} at a time`, 's'),
  ],
  prepare: fillMonth,
  async measure(turn: Turn) {
    const { server, plant } = await startOnMonth(turn);
    // Nobody's first chart is what is compared.
    await timeOneSeries(server, plant);
    const figures = [median(await timeOneSeries(server, plant)), median(await timeMany(server, plant))];
    await server.stop();
    return figures;
  },
};

async function timeOneSeries(server: BenchServer, plant: LargePlant): Promise<number[]> {
  const points = (DAYS * DAY_MS) / FIVE_MINUTES_MS;
  const tookMs: number[] = [];
  for (let i = 0; i < ONE_SERIES_CALLS; i++) {
    const startedAt = performance.now();
    await ask(server, plant, { i, fromMs: untilMs - DAYS * DAY_MS, points, aggregate: 'mean' });
    tookMs.push(performance.now() - startedAt);
  }
  return tookMs;
}

async function timeMany(server: BenchServer, plant: LargePlant): Promise<number[]> {
  const tookS: number[] = [];
  for (let i = 0; i < TIMES; i++) tookS.push(await timeOnce(server, plant));
  return tookS;
}

async function timeOnce(server: BenchServer, plant: LargePlant): Promise<number> {
  let next = 0;
  async function work(): Promise<void> {
    for (let i = next++; i < CALLS; i = next++) {
      const fromMs = untilMs - DAYS * DAY_MS + (i % 5) * 1_234_567;
      await ask(server, plant, { i, fromMs, points: POINTS, aggregate: AGGREGATES[i % AGGREGATES.length] ?? 'mean' });
    }
  }
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return (performance.now() - startedAt) / 1_000;
}

/** Chart `i` is of another series than the one before. */
async function ask(
  server: BenchServer,
  { devices, metrics }: LargePlant,
  { i, fromMs, points, aggregate }: { i: number; fromMs: number; points: number; aggregate: string },
): Promise<void> {
  const series = `device=${devices[i % devices.length]}&metric=${metrics[i % metrics.length]}`;
  const query = `${series}&from=${fromMs}&to=${untilMs}&points=${points}&aggregate=${aggregate}`;
  const { points: got } = await server.get<{ points?: unknown[] }>(`/api/history?${query}`);
  if (got === undefined || got.length === 0) throw new Error(`no history for ${query}`);
}
