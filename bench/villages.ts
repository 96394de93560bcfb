/** Two hundred and fifty simulated villages, every device a connection of its own, before one server on the same machine. */
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfiguration } from '../app/config/check-config.ts';
import type { VillagesStatus } from '../app/villages/start-villages.ts';
import type { Device } from '../model/plant.ts';
import { eventually, spawnAimak } from '../test/harness/process.ts';
import { type BenchServer, startBenchServer } from './bench-server.ts';
import { atMost, below, exactly, type Figure, figure, noBar } from './figure.ts';
import { cpuSeconds, openFilesLimit, peakResidentMb } from './proc.ts';
import type { RunContext, Skipped } from './run-context.ts';

const VILLAGES = 250;
const DEVICES = 10_000;
/** What a process holds open beside its connections. */
const SPARE_FILES = 200;
const SECONDS = 180;
const START_WITHIN_MS = 120_000;
const MINUTE_MS = 60_000;
/** Reports of the very last moments are on their way when it ends. */
const EDGE_MS = 3_000;
const ASKED_AT_ONCE = 4;
const MAX_LATE_S = 5;
const MAX_RSS_MB = 900;

type Told = VillagesStatus & { readonly atMs: number };

export async function measureVillages(context: RunContext): Promise<readonly Figure[] | Skipped> {
  const limit = openFilesLimit();
  if (limit < DEVICES + SPARE_FILES) {
    return { skipped: `${DEVICES} connections need as many open files; this shell allows ${limit} (ulimit -n)` };
  }
  const config = await writePlant(context, join(context.folder, 'plant'));
  const server = await startBenchServer(context, { config, dataDir: join(context.folder, 'data') });
  const startedAtMs = Date.now();
  const villages = startSimulator(context, server.mqttPort);
  const isComplete = (told?: Told): boolean => told?.villages === VILLAGES && told.connected === DEVICES;
  const complete = (await eventually(() => villages.told(), isComplete, START_WITHIN_MS)) as Told;
  const cpuBefore = { simulator: cpuSeconds(villages.pid), server: cpuSeconds(server.pid) };
  const seconds = context.seconds ?? SECONDS;
  await delay(seconds * 1_000);
  const share = (pid: number, beforeS: number): number => ((cpuSeconds(pid) - beforeS) / seconds) * 100;
  const cpu = {
    simulator: share(villages.pid, cpuBefore.simulator),
    server: share(server.pid, cpuBefore.server),
  };
  const rss = { simulator: peakResidentMb(villages.pid), server: peakResidentMb(server.pid) };
  const untilMs = Date.now() - EDGE_MS;
  const last = await villages.stop();
  const { ingest } = await server.health();
  const silent = await countSilent(server, devicesOf(config), { fromMs: complete.atMs, untilMs });
  await server.stop();
  return [
    figure(['villages', ''], exactly(VILLAGES), complete.villages),
    figure(['connections', ''], exactly(DEVICES), complete.connected),
    figure(['from start to all of them reporting', 's'], noBar, (complete.atMs - startedAtMs) / 1_000),
    figure(['readings due', 'readings'], noBar, last.sent + last.waiting),
    figure(['due and not stored', 'readings'], exactly(0), last.sent + last.waiting - ingest.stored),
    figure(['minutes of a device without a report', 'minutes'], exactly(0), silent),
    figure(['late by more than 5 s', 'readings'], exactly(0), last.late),
    figure(['from time of reading to PUBACK, most', 's'], atMost(MAX_LATE_S), last.latestMs / 1_000),
    figure(['memory of the simulator, most', 'MB'], below(MAX_RSS_MB), rss.simulator),
    figure(['CPU of the simulator, of one core', '%'], noBar, cpu.simulator),
    figure(['memory of the server, most', 'MB'], noBar, rss.server),
    figure(['CPU of the server, of one core', '%'], noBar, cpu.server),
  ];
}

async function writePlant(context: RunContext, folder: string): Promise<string> {
  const writing = context.own(spawnAimak(['sim', '--villages', `${VILLAGES}`, '--write-plant', folder]));
  await once(writing, 'exit');
  if (writing.exitCode !== 0) throw new Error(`sim --write-plant ended with ${writing.exitCode}`);
  return join(folder, 'aimak.yaml');
}

function startSimulator(context: RunContext, mqttPort: number) {
  const options = ['--mqtt-url', `mqtt://127.0.0.1:${mqttPort}`, '--data-dir', join(context.folder, 'sim')];
  const child = context.own(spawnAimak(['sim', '--villages', `${VILLAGES}`, ...options]));
  let told: Told | undefined;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { msg, time, ...status } = JSON.parse(line);
    if (msg === 'villages') told = { ...status, atMs: time };
    else if (status.level > 30) context.say(line);
  });
  child.stderr.pipe(process.stderr);
  return {
    pid: child.pid ?? 0,
    told(): Told | undefined {
      if (child.exitCode !== null) throw new Error(`the simulator ended with ${child.exitCode}`);
      return told;
    },
    /** What it says last. */
    async stop(): Promise<Told> {
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      await closed;
      if (told === undefined || child.exitCode !== 0) throw new Error(`the simulator ended with ${child.exitCode}`);
      return told;
    },
  };
}

function devicesOf(config: string): Device[] {
  return [...(loadConfiguration(['--config', config], {})?.plant.devices.values() ?? [])];
}

interface Range {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Of every device, by the first of its metrics: a report says them all. */
async function countSilent(server: BenchServer, devices: readonly Device[], range: Range): Promise<number> {
  const left = devices.values();
  let silent = 0;
  async function ask(): Promise<void> {
    for (const device of left) silent += await minutesSilent(server, device, range);
  }
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, ask));
  return silent;
}

async function minutesSilent(server: BenchServer, device: Device, { fromMs, untilMs }: Range): Promise<number> {
  const [metric] = device.metrics.keys();
  const query = `device=${device.id}&metric=${metric}&from=${fromMs}&to=${untilMs}`;
  const { points = [] } = await server.get<{ points?: [number, unknown][] }>(`/api/history?${query}&points=1000`);
  const times = [fromMs, ...points.map(([ts]) => ts), untilMs];
  const gaps = times.slice(1).map((ts, i) => Math.max(0, Math.ceil((ts - (times[i] ?? ts)) / MINUTE_MS) - 1));
  return gaps.reduce((sum, gap) => sum + gap, 0);
}
