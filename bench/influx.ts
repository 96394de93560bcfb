/**
 * InfluxDB 1.x behind the outbox, beside the same client writing by itself: a sustained load, then a long outage whose
 * readings fit the outbox, then the drain of them while the load goes on.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { InfluxDB } from '@influxdata/influxdb-client';
import { packGroup } from '../ingest/store/influx/group.ts';
import { createLineWriter } from '../ingest/store/influx/line-protocol.ts';
import type { DeviceId, MetricName } from '../model/ids.ts';
import type { Influxd } from '../test/ingest/store/influxd.ts';
import type { BenchServer } from './bench-server.ts';
import { atLeast, atMost, exactly, type Figure, figure, noBar } from './figure.ts';
import { cannotRun, DATABASE, startOnInflux, startOwnInfluxd, storeHealth, whenDrained } from './influx-servers.ts';
import { type LargePlant, writeLargePlant } from './large-plant.ts';
import { startLoad } from './load/driver.ts';
import type { LoadReport } from './load/load-options.ts';
import { peakResidentMb } from './proc.ts';
import type { RunContext, Skipped } from './run-context.ts';

const DEVICES = 667;
const SECONDS = 60;
const RATE_PER_S = 15_000;
/** Goes on while the outbox is drained. */
const MEANWHILE_PER_S = 5_000;
/** A day at 200 a second. Fewer by `--prefill`, in readings; the bytes are judged a message. */
const OUTAGE_MESSAGES = 17_300_000;
/** So that all of them fit in 2 GiB. */
const MESSAGE_BYTES = 2 ** 31 / OUTAGE_MESSAGES;
/** Of an entry of the outbox beside its data. */
const ENTRY_BYTES = 12;
const RAW_SECONDS = 10;
const RAW_BATCH_LINES = 7_500;
const RAW_IN_FLIGHT = 2;
const DRAIN_WITHIN_MS = 30 * 60_000;
const LOOK_EVERY_MS = 500;

interface Outage {
  readonly messages: number;
  readonly feedPerS: number;
  readonly bytesPerMessage: number;
}

interface DrainRun {
  readonly messagesPerS: number;
  readonly meanwhilePerS: number;
  readonly sent: number;
  readonly unanswered: number;
}

export async function measureInflux(context: RunContext): Promise<readonly Figure[] | Skipped> {
  if (cannotRun) return cannotRun;
  const plant = writeLargePlant(context.folder, DEVICES);
  const influxd = await startOwnInfluxd(context);
  const server = await startOnInflux(context, influxd, { config: plant.config, dataDir: join(context.folder, 'data') });

  const sustained = await runSustained(context, server, plant);
  const left = await storeHealth(server);
  context.say(`sustained ${Math.round(sustained.measured.acknowledgedPerS)} msg/s, ${left.pending} readings waiting`);
  await whenDrained(server, DRAIN_WITHIN_MS);

  // Before and after: what else the machine does meanwhile meets both sides.
  const rawPerS = [await writeRaw(influxd, plant)];
  await influxd.kill();
  const outage = await feedOutage(context, server, plant);
  context.say(`outage: ${outage.messages} messages, ${outage.bytesPerMessage.toFixed(1)} bytes each`);
  await influxd.start();
  const drain = await runDrain(context, server, plant);
  await whenDrained(server, DRAIN_WITHIN_MS);

  rawPerS.push(await writeRaw(influxd, plant));
  const raw = mean(rawPerS);

  const acknowledged = sustained.acknowledged + outage.messages + drain.sent;
  const missing = (await Promise.all(plant.metrics.map((metric) => countOf(influxd, metric)))).map(
    (n) => acknowledged - n,
  );
  const { deadLetters } = await storeHealth(server);
  const peakMb = peakResidentMb(server.pid);
  await server.stop();
  return [
    figure(['the client by itself, before and after', 'msg/s'], noBar, rawPerS),
    figure(
      [`acknowledged of ${RATE_PER_S} msg/s`, 'msg/s'],
      atLeast(0.98 * RATE_PER_S),
      sustained.measured.acknowledgedPerS,
    ),
    figure(['waiting at the end of it', 'readings'], atMost(10 * RATE_PER_S), left.pending),
    figure(['publish to PUBACK, p50', 'ms'], noBar, sustained.measured.p50Ms),
    figure(['publish to PUBACK, p99', 'ms'], noBar, sustained.measured.p99Ms),
    figure(['CPU of the server, a message', 'us'], noBar, cpuUs(sustained)),
    figure(['messages of the outage', 'messages'], noBar, outage.messages),
    figure(['acknowledged without InfluxDB', 'msg/s'], noBar, outage.feedPerS),
    figure(['in the outbox, a message', 'bytes'], atMost(MESSAGE_BYTES), outage.bytesPerMessage),
    figure(['with values that never repeat, among 500', 'bytes'], atMost(MESSAGE_BYTES), noisyBytes(plant, 500)),
    figure(['with values that never repeat, alone', 'bytes'], atMost(MESSAGE_BYTES), noisyBytes(plant, 1)),
    figure(['drained while the load goes on', 'msg/s'], noBar, drain.messagesPerS),
    figure(['drained / the client by itself', ''], atLeast(0.5), drain.messagesPerS / raw),
    figure(
      [`acknowledged of ${MEANWHILE_PER_S} msg/s meanwhile`, 'msg/s'],
      atLeast(0.98 * MEANWHILE_PER_S),
      drain.meanwhilePerS,
    ),
    figure(['sent and not acknowledged', 'messages'], exactly(0), sustained.unanswered + drain.unanswered),
    figure(
      ['acknowledged and not in InfluxDB', 'readings'],
      exactly(0),
      missing.reduce((sum, n) => sum + Math.abs(n), 0),
    ),
    figure(['dead letters', 'points'], exactly(0), deadLetters),
    figure(['most memory of the server', 'MB'], noBar, peakMb),
  ];
}

/** What a program would get that does nothing but write these lines. */
async function writeRaw(influxd: Influxd, plant: LargePlant): Promise<number> {
  await influxd.query('CREATE DATABASE raw');
  const api = new InfluxDB({ url: influxd.url }).getWriteApi('', '', 'ms', {
    batchSize: RAW_BATCH_LINES + 1,
    flushInterval: 0,
    maxRetries: 0,
    gzipThreshold: Number.MAX_SAFE_INTEGER,
  });
  api.path = '/write?db=raw&precision=ms';
  const startedAt = performance.now();
  const elapsedS = (): number => (performance.now() - startedAt) / 1_000;
  const firstTs = Date.now();
  let batches = 0;
  const writeAll = async (): Promise<void> => {
    while (elapsedS() < RAW_SECONDS) {
      api.writeRecords(rawLines(plant, firstTs, batches++));
      await api.flush();
    }
  };
  await Promise.all(Array.from({ length: RAW_IN_FLIGHT }, writeAll));
  const perS = (batches * RAW_BATCH_LINES) / elapsedS();
  await api.close();
  await influxd.query('DROP DATABASE raw');
  return perS;
}

function rawLines({ devices, metrics }: LargePlant, firstTs: number, batch: number): string[] {
  return Array.from({ length: RAW_BATCH_LINES }, (_, i) => {
    const n = batch * RAW_BATCH_LINES + i;
    const fields = metrics.map((metric, m) => `${metric}=${1 + ((n + m * 799) % 3_989) / 1_000}`).join(',');
    return `flow_meter,device=${devices[n % devices.length]},site=large ${fields} ${firstTs + Math.floor(n / devices.length) * 10}`;
  });
}

/** Distance of a device's readings. The times of a fast load run ahead of the clock, into those of the next load. */
const STEP_MS = 10;
/** So each load has a millisecond of its own: no two send the same reading. */
const LOADS = { sustained: 0, outage: 1, meanwhile: 2 } as const;
type LoadName = keyof typeof LOADS;

/** 50 connections, messages of 120 bytes with three readings. */
const planOf = ({ topics, metrics }: LargePlant, name: LoadName) => ({
  connections: 50,
  topics,
  metrics,
  payloadBytes: 120,
  firstTs: Math.floor(Date.now() / STEP_MS) * STEP_MS + LOADS[name],
  stepMs: STEP_MS,
});

function runSustained(context: RunContext, server: BenchServer, plant: LargePlant): Promise<LoadReport> {
  const seconds = context.seconds ?? SECONDS;
  return startLoad(context, { ...loadOf(server, plant, 'sustained'), ratePerS: RATE_PER_S, seconds }).report;
}

const loadOf = (server: BenchServer, plant: LargePlant, name: LoadName) => ({
  port: server.mqttPort,
  plan: planOf(plant, name),
  watchPid: server.pid,
});

async function feedOutage(context: RunContext, server: BenchServer, plant: LargePlant): Promise<Outage> {
  const wanted = context.prefill ? Math.ceil(context.prefill / plant.metrics.length) : OUTAGE_MESSAGES;
  const before = await storeHealth(server);
  const load = startLoad(context, loadOf(server, plant, 'outage'));
  const startedAt = performance.now();
  await load.ready;
  while (load.progress().acknowledged < wanted) await delay(LOOK_EVERY_MS);
  const { acknowledged } = await load.stop();
  const seconds = (performance.now() - startedAt) / 1_000;
  const { pendingBytes } = await storeHealth(server);
  const bytes = pendingBytes - before.pendingBytes;
  return { messages: acknowledged, feedPerS: acknowledged / seconds, bytesPerMessage: bytes / acknowledged };
}

/** The load's own values repeat from device to device, and so compress too well. */
function noisyBytes({ devices, metrics }: LargePlant, messages: number): number {
  const toLines = createLineWriter(() => ({ site: 'large', kind: 'flow_meter' }));
  const readings = Array.from({ length: messages }, (_, i) =>
    metrics.map((metric) => ({
      device: devices[i % devices.length] as DeviceId,
      metric: metric as MetricName,
      ts: Date.now() + i,
      value: Math.round(Math.random() * 100_000) / 1_000,
      quality: 'good' as const,
    })),
  );
  return (packGroup(toLines(readings.flat())).length + ENTRY_BYTES) / messages;
}

/** From the first reading that leaves to the last of the outage: what left, in messages a second. */
async function runDrain(context: RunContext, server: BenchServer, plant: LargePlant): Promise<DrainRun> {
  const load = startLoad(context, { ...loadOf(server, plant, 'meanwhile'), ratePerS: MEANWHILE_PER_S });
  await load.ready;
  const first = await untilItMoves(server);
  const sentAtFirst = load.progress().acknowledged;
  let last = first;
  // What comes in meanwhile is a second's worth or two.
  while (last.pending > 3 * MEANWHILE_PER_S * plant.metrics.length) {
    await delay(LOOK_EVERY_MS);
    last = await look(server);
  }
  const seconds = (last.atMs - first.atMs) / 1_000;
  const arrived = load.progress().acknowledged - sentAtFirst;
  const left = (first.pending - last.pending) / plant.metrics.length;
  const { acknowledged, unanswered } = await load.stop();
  return { messagesPerS: (left + arrived) / seconds, meanwhilePerS: arrived / seconds, sent: acknowledged, unanswered };
}

async function untilItMoves(server: BenchServer): Promise<{ pending: number; atMs: number }> {
  for (let before = await look(server); ; ) {
    await delay(LOOK_EVERY_MS);
    const now = await look(server);
    if (now.pending < before.pending) return now;
    before = now;
  }
}

async function look(server: BenchServer): Promise<{ pending: number; atMs: number }> {
  const { pending } = await storeHealth(server);
  return { pending, atMs: performance.now() };
}

async function countOf(influxd: Influxd, metric: string): Promise<number> {
  const { results } = await influxd.query(`SELECT count("${metric}") FROM flow_meter`, DATABASE);
  return Number(results[0]?.series?.[0]?.values[0]?.[1] ?? 0);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function cpuUs({ measured }: LoadReport): number {
  return (measured.watchedCpuS * 1e6) / (measured.acknowledgedPerS * measured.seconds);
}
