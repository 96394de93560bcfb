/** Brokers that others wrote in front of ingest, stopped and killed under load, and ingest killed behind them. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type BrokerKind,
  missingBroker,
  OUTSIDE_BROKERS,
  type OutsideBroker,
  startOutsideBroker,
} from '../test/harness/outside-broker.ts';
import { eventually } from '../test/harness/process.ts';
import { type BenchServer, startBenchServer } from './bench-server.ts';
import { type NumberedDevices, startNumberedDevices } from './external-broker-devices.ts';
import { type SharedPlant, writeSharedPlant } from './external-broker-plant.ts';
import { above, exactly, type Figure, figure, noBar } from './figure.ts';
import type { RunContext, Skipped } from './run-context.ts';

const RATE_PER_S = 400;
const ROUNDS = 5;
const WITHIN_MS = 60_000;

/** The parts of `/api/health` that are looked at. */
interface Health {
  readonly ingest: {
    readonly received: number;
    readonly stored: number;
    readonly duplicates: number;
    readonly inFlight: number;
    readonly seqGaps: number;
  };
  readonly broker: { readonly sites: readonly string[]; readonly connected: boolean };
}

interface Stage {
  readonly context: RunContext;
  readonly kind: BrokerKind;
  readonly broker: OutsideBroker;
  readonly plant: SharedPlant;
  start(): Promise<BenchServer>;
}

export async function measureBrokers(context: RunContext): Promise<readonly Figure[] | Skipped> {
  const kinds = OUTSIDE_BROKERS.filter((kind) => missingBroker(kind) === null);
  if (kinds.length === 0)
    return { skipped: 'no broker is there (apt-get install mosquitto nats-server rabbitmq-server)' };
  const figures: Figure[] = [];
  for (const kind of kinds) {
    figures.push(...(await onStage(context, kind, 'restarted', restartBroker)));
    figures.push(...(await onStage(context, kind, 'ingest killed', killIngest)));
  }
  if (kinds.includes('mosquitto')) figures.push(...(await onStage(context, 'mosquitto', 'killed', killBroker)));
  return figures;
}

async function onStage(
  context: RunContext,
  kind: BrokerKind,
  what: string,
  run: (stage: Stage) => Promise<readonly Figure[]>,
): Promise<readonly Figure[]> {
  context.say(`${kind} ${what}`);
  const folder = join(context.folder, `${kind}-${what.replace(' ', '-')}`);
  const broker = await startOutsideBroker({ kind, folder: join(folder, 'broker') });
  const plant = writeSharedPlant(folder, broker.url, ['upper', 'lower']);
  const options = { config: plant.configOf(), dataDir: join(folder, 'data'), parts: ['ingest', 'dashboard'] };
  async function start(): Promise<BenchServer> {
    const server = await startBenchServer(context, options);
    await eventually(
      () => server.get<Health>('/api/health'),
      ({ broker: { sites } }) => sites.length === plant.sites.length,
      WITHIN_MS,
    );
    return server;
  }
  try {
    return (await run({ context, kind, broker, plant, start })).map((each) => ({
      ...each,
      name: `${kind} ${what}: ${each.name}`,
    }));
  } finally {
    await broker.kill();
  }
}

const load = ({ context, broker, plant }: Stage): Promise<NumberedDevices> =>
  startNumberedDevices(context, broker.url, { devices: plant.devices, ratePerS: RATE_PER_S });

async function restartBroker(stage: Stage): Promise<readonly Figure[]> {
  const server = await stage.start();
  const devices = await load(stage);
  for (let i = 0; i < 2; i++) {
    await delay(2_000);
    await stage.broker.stop();
    await delay(500);
    await stage.broker.start();
  }
  await delay(2_000);
  await devices.stop();
  // NATS acknowledges what comes while it ends, and does not keep it: its loss is told, and has to be seen by its gaps.
  const figures = stage.kind === 'nats' ? await judgeLoss(server, devices) : await judge(stage, server, devices);
  await server.stop();
  return figures;
}

async function killIngest(stage: Stage): Promise<readonly Figure[]> {
  let server = await stage.start();
  const devices = await load(stage);
  for (let i = 0; i < (stage.context.rounds ?? ROUNDS); i++) {
    await delay(300 + Math.random() * 1_000);
    await server.kill();
    await delay(300);
    server = await stage.start();
  }
  await devices.stop();
  const figures = await judge(stage, server, devices);
  await server.stop();
  return figures;
}

/** Ingest is held still meanwhile, so that there is something in the broker to be lost. */
async function killBroker(stage: Stage): Promise<readonly Figure[]> {
  const server = await stage.start();
  const devices = await load(stage);
  await delay(6_000);
  process.kill(server.pid, 'SIGSTOP');
  // Longer than the window: what is on its way to ingest is not lost with the broker.
  await delay(4_000);
  await stage.broker.kill();
  process.kill(server.pid, 'SIGCONT');
  await stage.broker.start();
  await delay(4_000);
  await devices.stop();
  const figures = await judgeLoss(server, devices);
  await server.stop();
  return figures;
}

/** What a broker has lost before it came to us. */
async function judgeLoss(server: BenchServer, devices: NumberedDevices): Promise<readonly Figure[]> {
  const missing = await settle(server, devices);
  const { ingest } = await server.get<Health>('/api/health');
  return [
    figure(['acknowledged by the broker', 'messages'], above(0), devices.sent()),
    figure(['delivered and not stored', 'readings'], exactly(0), ingest.received - ingest.stored - ingest.duplicates),
    figure(['acknowledged by the broker and lost by it', 'messages'], noBar, missing),
    figure(['of those, not counted by gaps in seq', 'messages'], exactly(0), missing - ingest.seqGaps),
  ];
}

async function judge(stage: Stage, server: BenchServer, devices: NumberedDevices): Promise<readonly Figure[]> {
  const missing = await settle(server, devices);
  const { ingest } = await server.get<Health>('/api/health');
  stage.context.say(`${devices.sent()} sent, ${ingest.duplicates} came again since the last start`);
  return [
    figure(['acknowledged by the broker', 'messages'], above(0), devices.sent()),
    figure(['acknowledged and not stored', 'messages'], exactly(0), missing),
    figure(['stored twice', 'readings'], exactly(0), await storedTwice(server, devices)),
  ];
}

/** NATS sends again what was delivered and not acknowledged only after its `ack_wait`. */
const SETTLE_MS = 25_000;
const LOOK_MS = 500;

/** What is missing once nothing more comes. */
async function settle(server: BenchServer, devices: NumberedDevices): Promise<number> {
  const until = Date.now() + SETTLE_MS;
  for (;;) {
    const missing = await missingOf(server, devices);
    if (missing === 0 || Date.now() > until) return missing;
    await delay(LOOK_MS);
  }
}

async function missingOf(server: BenchServer, devices: NumberedDevices): Promise<number> {
  let missing = 0;
  for (const [device, acknowledged] of devices.acknowledged()) {
    const stored = new Set(await storedTimes(server, device));
    missing += [...acknowledged].filter((ts) => !stored.has(ts)).length;
  }
  return missing;
}

async function storedTwice(server: BenchServer, devices: NumberedDevices): Promise<number> {
  let twice = 0;
  for (const device of devices.acknowledged().keys()) {
    const times = await storedTimes(server, device);
    twice += times.length - new Set(times).size;
  }
  return twice;
}

async function storedTimes(server: BenchServer, device: string): Promise<number[]> {
  const query = `device=${device}&metric=level&points=10000`;
  const { points } = await server.get<{ points: readonly [number, number][] }>(`/api/history?${query}`);
  return points.map(([ts]) => ts);
}
