/**
 * The disk fills up under load, and gets room again: nothing is acknowledged that is not stored, the server says what
 * is wrong, and it goes on by itself.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../test/harness/process.ts';
import { type BenchServer, startBenchServer } from './bench-server.ts';
import { above, atMost, exactly, type Figure, figure, noBar } from './figure.ts';
import { type LargePlant, writeLargePlant } from './large-plant.ts';
import { type Load, readAcknowledged, startLoad } from './load/driver.ts';
import type { MessagePlan } from './load/message-plan.ts';
import type { RunContext, Skipped } from './run-context.ts';
import { createSmallDisk, type SmallDisk } from './small-disk.ts';
import { checkStored } from './stored.ts';

const DEVICES = 20;
const RATE_PER_S = 1_000;
const BEFORE_MS = 5_000;
const FULL_MS = 15_000;
const AFTER_MS = 5_000;
/** What is written already has its place: it takes a while until room is missed. */
const DEGRADED_WITHIN_MS = 90_000;
const BACK_WITHIN_S = 15;
const RULE = 'store-failing';

interface Seen {
  readonly isAlarmed: boolean;
  readonly isLogged: boolean;
  readonly acknowledgedBefore: number;
  /** In the middle of a full disk there may be room in what the server's files hold already. */
  readonly acknowledgedMeanwhile: number;
  readonly backAfterS: number;
}

export async function measureDiskFull(context: RunContext): Promise<readonly Figure[] | Skipped> {
  const disk = createSmallDisk(context);
  if ('skipped' in disk) return disk;
  const plant = writeLargePlant(context.folder, DEVICES);
  const options = { config: plant.config, dataDir: disk.dataDir, wrap: disk.wrap };
  const server = await startBenchServer(context, options);
  const plan = planOf(plant);
  const ackFile = join(context.folder, 'acknowledged');
  const port = server.mqttPort;
  const load = startLoad(context, { port, plan, ratePerS: RATE_PER_S, isReturning: true, ackFile });
  await load.ready;
  await delay(BEFORE_MS);
  const seen = await fillAndFree(context, { disk, server, load });
  await delay(AFTER_MS);
  const report = await load.stop();
  const numbers = readAcknowledged(ackFile);
  const span = { plan, untilTs: Date.now() + 600_000 };
  const recovered = await checkStored(server.url, span, numbers);
  await server.kill();
  const again = await startBenchServer(context, options);
  const restarted = await checkStored(again.url, span, numbers);
  await again.stop();
  return [
    figure(['acknowledged before the disk was full', 'messages'], above(0), seen.acknowledgedBefore),
    figure([`acknowledged in ${FULL_MS / 1_000} s without room`, 'messages'], noBar, seen.acknowledgedMeanwhile),
    figure(
      ['degraded, alarm and log line seen', 'of 3'],
      exactly(3),
      1 + Number(seen.isAlarmed) + Number(seen.isLogged),
    ),
    figure(['from room to the next acknowledgement', 's'], atMost(BACK_WITHIN_S), seen.backAfterS),
    figure(['acknowledged in all', 'messages'], above(seen.acknowledgedBefore), numbers.length),
    figure(['sent and never acknowledged', 'messages'], exactly(0), report.unanswered),
    figure(['connections lost and come back', 'connections'], noBar, report.lost),
    figure(['acknowledged and not stored', 'readings'], exactly(0), recovered.missing),
    figure(['the same after kill -9 and a restart', 'readings'], exactly(0), restarted.missing),
    figure(['stored twice, or with another value', 'readings'], exactly(0), restarted.twice + restarted.wrong),
  ];
}

function planOf({ topics, metrics }: LargePlant): MessagePlan {
  const stepMs = (1_000 * DEVICES) / RATE_PER_S;
  return { connections: DEVICES, topics, metrics, payloadBytes: 0, firstTs: Date.now(), stepMs };
}

async function fillAndFree(
  context: RunContext,
  { disk, server, load }: { disk: SmallDisk; server: BenchServer; load: Load },
): Promise<Seen> {
  const before = load.progress();
  disk.fill(server.pid);
  context.say('the disk is full');
  await eventually(
    async () => (await server.health()).status,
    (status) => status === 'degraded',
    DEGRADED_WITHIN_MS,
  );
  const degraded = load.progress();
  context.say('degraded');
  await delay(FULL_MS);
  const isAlarmed = await hasAlarm(server);
  const full = load.progress();
  disk.free(server.pid);
  const freedAt = Date.now();
  const back = await eventually(load.progress, (p) => p.acknowledged > full.acknowledged, 4 * BACK_WITHIN_S * 1_000);
  await eventually(
    async () => (await server.health()).status,
    (status) => status === 'ok',
    4 * BACK_WITHIN_S * 1_000,
  );
  return {
    isAlarmed,
    isLogged: /cannot be stored/.test(server.log()),
    acknowledgedBefore: before.acknowledged,
    acknowledgedMeanwhile: full.acknowledged - degraded.acknowledged,
    backAfterS: (back.atMs - freedAt) / 1_000,
  };
}

async function hasAlarm(server: BenchServer): Promise<boolean> {
  const alarms = await server.get<{ rule: string }[]>('/api/alarms');
  return alarms.some(({ rule }) => rule === RULE);
}
