/**
 * The whole pipeline under a full load, beside its ceiling (the same broker without a store) and the limit of the load
 * generator, one after the other in every repeat: what else the machine does meanwhile meets all three.
 */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Health } from '../test/harness/process.ts';
import { type Question, seatAudience } from './audience.ts';
import { startAnsweringServer, startBenchServer, startCeilingServer } from './bench-server.ts';
import { atLeast, atMost, exactly, type Figure, figure, noBar } from './figure.ts';
import { fillWithPast } from './fill.ts';
import { type LargePlant, writeLargePlant } from './large-plant.ts';
import { startLoad } from './load/driver.ts';
import type { LoadReport } from './load/load-options.ts';
import type { MessagePlan } from './load/message-plan.ts';
import type { RunContext } from './run-context.ts';

const DEVICES = 667;
const PREFILL = 20_000_000;
const REPEATS = 3;
const SECONDS = 60;
const WARM_UP_S = 3;
const HISTORY_PER_S = 10;
const MINUTE_MS = 60_000;

interface Repeat {
  readonly load: LoadReport;
  readonly health: Health;
  readonly audience: { readonly frames: number; readonly historyP50Ms: number; readonly historyP99Ms: number };
  readonly ceiling: LoadReport;
  readonly generator: LoadReport;
}

export async function measureIngest(context: RunContext): Promise<readonly Figure[]> {
  const plant = writeLargePlant(context.folder, DEVICES);
  const filled = await fillWithPast(context, 'filled', {
    ...plant,
    readings: Math.ceil((context.prefill ?? PREFILL) / (DEVICES * plant.metrics.length)),
    everyMs: MINUTE_MS,
    untilMs: Date.now() - MINUTE_MS,
  });
  const repeats: Repeat[] = [];
  for (let i = 0; i < (context.repeats ?? REPEATS); i++) {
    const ceiling = await loadPlain(context, plant, startCeilingServer);
    const pipeline = await loadPipeline(context, plant, filled);
    const generator = await loadPlain(context, plant, startAnsweringServer);
    repeats.push({ ...pipeline, ceiling, generator });
    const rate = (report: LoadReport): number => Math.round(report.measured.acknowledgedPerS);
    context.say(`pipeline ${rate(pipeline.load)}, ceiling ${rate(ceiling)}, generator ${rate(generator)} msg/s`);
  }
  return toFigures(repeats, plant.metrics.length);
}

/** 50 connections with at most 100 unacknowledged messages of 120 bytes and three readings, one message a write. */
function planOf({ topics, metrics }: LargePlant): MessagePlan {
  // 10 ms apart, the times stay near the clock's up to 66,000 messages a second.
  return { connections: 50, topics, metrics, payloadBytes: 120, firstTs: Date.now(), stepMs: 10 };
}

async function loadPipeline(
  context: RunContext,
  plant: LargePlant,
  filled: string,
): Promise<Pick<Repeat, 'load' | 'health' | 'audience'>> {
  const dataDir = join(context.folder, 'data');
  rmSync(dataDir, { recursive: true, force: true });
  cpSync(filled, dataDir, { recursive: true });
  const server = await startBenchServer(context, { config: plant.config, dataDir });
  const series: Question[] = plant.devices.flatMap((device) => plant.metrics.map((metric) => ({ device, metric })));
  const audience = seatAudience(server, series, HISTORY_PER_S);
  const load = await runLoad(context, plant, { port: server.mqttPort, pid: server.pid });
  const seen = await audience.leave();
  const health = await server.health();
  await server.stop();
  return { load, health, audience: seen };
}

async function loadPlain(
  context: RunContext,
  plant: LargePlant,
  start: typeof startCeilingServer,
): Promise<LoadReport> {
  const server = await start(context);
  const report = await runLoad(context, plant, server);
  server.kill();
  return report;
}

function runLoad(context: RunContext, plant: LargePlant, { port, pid }: { port: number; pid: number }) {
  const seconds = context.seconds ?? SECONDS;
  return startLoad(context, { port, plan: planOf(plant), warmUpS: WARM_UP_S, seconds, watchPid: pid }).report;
}

function toFigures(repeats: readonly Repeat[], metrics: number): Figure[] {
  const each = (value: (repeat: Repeat) => number): number[] => repeats.map(value);
  const cpuUs = ({ measured }: LoadReport): number =>
    (measured.watchedCpuS * 1e6) / (measured.acknowledgedPerS * measured.seconds);
  return [
    figure(
      ['acknowledged', 'msg/s'],
      atLeast(30_000),
      each(({ load }) => load.measured.acknowledgedPerS),
    ),
    figure(
      ['ceiling: the broker without a store', 'msg/s'],
      noBar,
      each((r) => r.ceiling.measured.acknowledgedPerS),
    ),
    figure(
      ['acknowledged / ceiling', ''],
      atLeast(0.5),
      each((r) => r.load.measured.acknowledgedPerS / r.ceiling.measured.acknowledgedPerS),
    ),
    figure(
      ['limit of the generator', 'msg/s'],
      noBar,
      each((r) => r.generator.measured.acknowledgedPerS),
    ),
    figure(
      ['CPU of the server, a message', 'us'],
      atMost(25),
      each(({ load }) => cpuUs(load)),
    ),
    figure(
      ['CPU of the ceiling, a message', 'us'],
      noBar,
      each(({ ceiling }) => cpuUs(ceiling)),
    ),
    figure(
      ['publish to PUBACK, p50', 'ms'],
      noBar,
      each(({ load }) => load.measured.p50Ms),
    ),
    figure(
      ['publish to PUBACK, p99', 'ms'],
      noBar,
      each(({ load }) => load.measured.p99Ms),
    ),
    figure(
      ['live frames to one page', 'frames'],
      atLeast(1),
      each(({ audience }) => audience.frames),
    ),
    figure(
      ['history of a day meanwhile, p50', 'ms'],
      noBar,
      each(({ audience }) => audience.historyP50Ms),
    ),
    figure(
      ['history of a day meanwhile, p99', 'ms'],
      noBar,
      each(({ audience }) => audience.historyP99Ms),
    ),
    figure(
      ['sent and not acknowledged', 'messages'],
      exactly(0),
      each(({ load }) => load.unanswered),
    ),
    figure(
      ['acknowledged and not counted as stored', 'readings'],
      exactly(0),
      each(({ load, health }) => load.acknowledged * metrics - health.ingest.stored),
    ),
    figure(
      ['received and not accounted for', 'readings'],
      exactly(0),
      each(({ health }) => openReadings(health)),
    ),
  ];
}

/** Contract 2.7. */
function openReadings({ ingest }: Health): number {
  const rejected = Object.values(ingest.rejected).reduce((sum, n) => sum + n, 0);
  return ingest.received - ingest.stored - ingest.duplicates - rejected - ingest.inFlight;
}
