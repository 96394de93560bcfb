/** How fast ingest takes what a broker elsewhere has queued for it, by broker and by the messages it lets be in flight. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type BrokerKind, missingBroker, startOutsideBroker } from '../test/harness/outside-broker.ts';
import { eventually } from '../test/harness/process.ts';
import { type BenchServer, startBenchServer } from './bench-server.ts';
import { type Figure, figure, noBar } from './figure.ts';
import { type LargePlant, writeLargePlant } from './large-plant.ts';
import { startLoad } from './load/driver.ts';
import { cpuSeconds } from './proc.ts';
import type { RunContext, Skipped } from './run-context.ts';

const DEVICES = 667;
const MESSAGES = 60_000;
/** The defaults of each broker, and what we ship. */
const WINDOWS: readonly (readonly [BrokerKind, number])[] = [
  ['mosquitto', 20],
  ['mosquitto', 100],
  ['mosquitto', 1_000],
  ['nats', 100],
  ['nats', 1_000],
  ['rabbitmq', 10],
  ['rabbitmq', 100],
  ['rabbitmq', 1_000],
];
const SHIPPED_WINDOW = /(max_inflight_messages |max_ack_pending: |mqtt\.prefetch = )\d+/;
const WITHIN_MS = 120_000;

interface Health {
  readonly ingest: { readonly messages: number };
  readonly broker: { readonly sites: readonly string[] };
}

export async function measureBrokerRate(context: RunContext): Promise<readonly Figure[] | Skipped> {
  const windows = WINDOWS.filter(([kind]) => missingBroker(kind) === null);
  if (windows.length === 0)
    return { skipped: 'no broker is there (apt-get install mosquitto nats-server rabbitmq-server)' };
  const plant = writeLargePlant(context.folder, DEVICES);
  const figures: Figure[] = [];
  for (const [kind, window] of windows) figures.push(...(await measureWindow(context, plant, kind, window)));
  return figures;
}

async function measureWindow(
  context: RunContext,
  plant: LargePlant,
  kind: BrokerKind,
  window: number,
): Promise<readonly Figure[]> {
  const folder = join(context.folder, `${kind}-${window}`);
  const replace = (config: string): string => config.replace(SHIPPED_WINDOW, `$1${window}`);
  const broker = await startOutsideBroker({ kind, folder, replace });
  context.finally(() => void broker.kill());
  const options = { config: plant.config, dataDir: join(folder, 'data'), env: { AIMAK_MQTT_URL: broker.url } };
  const parts = ['ingest', 'dashboard'];
  const first = await startBenchServer(context, { ...options, parts });
  await eventually(
    () => first.get<Health>('/api/health'),
    ({ broker: { sites } }) => sites.length === 1,
    WITHIN_MS,
  );
  // Until the subscription stands.
  await delay(1_000);
  await first.stop();
  await fillQueue(context, plant, broker.port);
  const server = await startBenchServer(context, { ...options, parts });
  const { seconds, cpuS } = await drain(server);
  await server.stop();
  await broker.kill();
  const name = `${kind}, ${window} in flight`;
  context.say(`${name}: ${Math.round(MESSAGES / seconds)} msg/s`);
  return [
    figure([`${name}: taken`, 'msg/s'], noBar, MESSAGES / seconds),
    figure([`${name}: CPU of the server, a message`, 'us'], noBar, (cpuS * 1e6) / MESSAGES),
  ];
}

async function fillQueue(context: RunContext, plant: LargePlant, port: number): Promise<void> {
  const plan = { connections: 20, ...plant, payloadBytes: 120, firstTs: Date.now() - 3_600_000, stepMs: 10 };
  const load = startLoad(context, { port, plan, window: 50 });
  await load.ready;
  await eventually(load.progress, ({ sent }) => sent >= MESSAGES, WITHIN_MS);
  await load.stop();
}

/** From the first message to as many as are counted here; a few more are in the queue. */
async function drain(server: BenchServer): Promise<{ seconds: number; cpuS: number }> {
  const taken = async (): Promise<number> => (await server.get<Health>('/api/health')).ingest.messages;
  const begin = await eventually(taken, (messages) => messages > 0, WITHIN_MS);
  const [beginAt, beginCpuS] = [performance.now(), cpuSeconds(server.pid)];
  const end = await eventually(taken, (messages) => messages >= MESSAGES, WITHIN_MS);
  const share = MESSAGES / (end - begin);
  return {
    seconds: ((performance.now() - beginAt) / 1_000) * share,
    cpuS: (cpuSeconds(server.pid) - beginCpuS) * share,
  };
}
