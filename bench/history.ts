import { setTimeout as delay } from 'node:timers/promises';
import { type BenchServer, startBenchServer } from './bench-server.ts';
import { startChild } from './child.ts';
import { atMost, below, exactly, type Figure, figure, noBar } from './figure.ts';
import { fillWithPast } from './fill.ts';
import { type BucketAggregate, computeBuckets, sameBuckets } from './history-answer.ts';
import { writeLargePlant } from './large-plant.ts';
import { startLoad } from './load/driver.ts';
import type { LoadReport } from './load/load-options.ts';
import { type Past, pastTs, pastValue } from './past.ts';
import type { RunContext } from './run-context.ts';
import { median } from './statistics.ts';

/** Times three metrics: about the series of the demo village. */
const DEVICES = 40;
const DAYS = 30;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const FIVE_MINUTES_MS = 5 * MINUTE_MS;
const ONE_SERIES_CALLS = 20;
const CALLS = 100;
const POINTS = 1_000;
const AT_ONCE = 4;
const AGGREGATES: readonly BucketAggregate[] = ['mean', 'min', 'max', 'minmax', 'last'];
const LOAD_SECONDS = 15;
const RATE_PER_S = 2_000;
const FREELY_MS = 100;
const NEWEST_WITHIN_MS = 10 * 60_000;

export async function measureHistory(context: RunContext): Promise<readonly Figure[]> {
  const plant = writeLargePlant(context.folder, DEVICES);
  // The buckets asked for then are full ones, and lie wholly in the past.
  const untilMs = Math.floor(Date.now() / DAY_MS) * DAY_MS;
  const past: Past = { ...plant, readings: DAYS * 1_440, everyMs: MINUTE_MS, untilMs };
  const dataDir = await fillWithPast(context, 'data', past);
  const server = await startBenchServer(context, { config: plant.config, dataDir });
  const oneSeriesMs = await timeOneSeries(server, past);
  const many = await askMany(server, past);
  const quiet = await underLoad(context, server, plant);
  const turning = turnPagesUntilStopped(server, past);
  const busy = await underLoad(context, server, plant);
  const turned = await turning.stop();
  await server.stop();
  const newest = await startChild(context, 'newest.ts', { folder: context.folder }).next<number[]>(
    'took',
    NEWEST_WITHIN_MS,
  );
  return [
    figure(['30 days of one series in 5-min buckets', 'ms'], below(25), median(oneSeriesMs)),
    figure([`${CALLS} calls of ${POINTS} points, ${AT_ONCE} at a time`, 's'], below(1.5), many.seconds),
    figure(['answers unlike the computation from the raw readings', 'answers'], exactly(0), many.wrong),
    figure(['latest of 10,000 series, from the store', 'ms'], below(15), median(newest)),
    figure([`publish to PUBACK at ${RATE_PER_S} msg/s, nobody reading, p99`, 'ms'], noBar, quiet.p99Ms),
    figure(
      [`the same with ${AT_ONCE} charts at a time, p99`, 'ms'],
      atMost(Math.max(FREELY_MS, 3 * quiet.p99Ms)),
      busy.p99Ms,
    ),
    figure(['charts answered meanwhile', '1/s'], noBar, turned / busy.seconds),
  ];
}

interface Call {
  readonly device: number;
  readonly metric: number;
  readonly from: number;
  readonly to: number;
  readonly points: number;
  readonly aggregate: BucketAggregate;
}

async function ask(server: BenchServer, past: Past, call: Call): Promise<(number | null)[][]> {
  const { device, metric, from, to, points, aggregate } = call;
  const names = `device=${past.devices[device]}&metric=${past.metrics[metric]}`;
  const query = `${names}&from=${from}&to=${to}&points=${points}&aggregate=${aggregate}`;
  return (await server.get<{ points: (number | null)[][] }>(`/api/history?${query}`)).points;
}

async function timeOneSeries(server: BenchServer, past: Past): Promise<number[]> {
  const to = past.untilMs;
  const from = to - DAYS * DAY_MS;
  const took: number[] = [];
  for (let i = 0; i < ONE_SERIES_CALLS; i++) {
    const startedAt = performance.now();
    const points = (to - from) / FIVE_MINUTES_MS;
    await ask(server, past, { device: i, metric: i % 3, from, to, points, aggregate: 'mean' });
    took.push(performance.now() - startedAt);
  }
  return took;
}

/** Each of another series, over 24 to 30 days. */
function callNumber(i: number, past: Past): Call {
  const to = past.untilMs - (i % 7) * 12_345_678;
  const aggregate = AGGREGATES[i % AGGREGATES.length] ?? 'mean';
  const from = past.untilMs - DAYS * DAY_MS + (i % 5) * 1_234_567;
  return { device: i % DEVICES, metric: Math.floor(i / DEVICES) % 3, from, to, points: POINTS, aggregate };
}

async function askMany(server: BenchServer, past: Past): Promise<{ seconds: number; wrong: number }> {
  const calls = Array.from({ length: CALLS }, (_, i) => callNumber(i, past));
  const answers: (number | null)[][][] = [];
  const startedAt = performance.now();
  let next = 0;
  async function work(): Promise<void> {
    for (let i = next++; i < CALLS; i = next++) answers[i] = await ask(server, past, callNumber(i, past));
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const seconds = (performance.now() - startedAt) / 1_000;
  const wrong = calls.filter((call, i) => !sameBuckets(answers[i] ?? [], computeBuckets(readingsOf(past, call), call)));
  return { seconds, wrong: wrong.length };
}

function readingsOf(past: Past, { device, metric }: Call): [number, number][] {
  return Array.from({ length: past.readings }, (_, i) => {
    const ts = pastTs(past, device, i);
    return [ts, pastValue(device, metric, ts)];
  });
}

async function underLoad(
  context: RunContext,
  server: BenchServer,
  { topics, metrics }: { topics: readonly string[]; metrics: readonly string[] },
): Promise<LoadReport['measured']> {
  const plan = { connections: DEVICES, topics, metrics, payloadBytes: 120, firstTs: Date.now(), stepMs: 1 };
  const seconds = context.seconds ?? LOAD_SECONDS;
  const load = startLoad(context, { port: server.mqttPort, plan, ratePerS: RATE_PER_S, warmUpS: 2, seconds });
  return (await load.report).measured;
}

/** Resolves `stop` with the number of answers. */
function turnPagesUntilStopped(server: BenchServer, past: Past): { stop(): Promise<number> } {
  let isStopped = false;
  let answered = 0;
  async function work(): Promise<void> {
    while (!isStopped) {
      await ask(server, past, callNumber(answered, past));
      answered++;
      // Others of this process want to be heard, too.
      await delay(0);
    }
  }
  const workers = Promise.all(Array.from({ length: AT_ONCE }, work));
  return {
    async stop() {
      isStopped = true;
      await workers;
      return answered;
    },
  };
}
