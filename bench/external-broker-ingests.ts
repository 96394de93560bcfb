/** Three ingests by site at one Mosquitto, and the death of one: every reading once, one alarm, the others untouched. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { missingBroker, startOutsideBroker } from '../test/harness/outside-broker.ts';
import { eventually } from '../test/harness/process.ts';
import { type BenchServer, startBenchServer } from './bench-server.ts';
import { startNumberedDevices } from './external-broker-devices.ts';
import { writeSharedPlant } from './external-broker-plant.ts';
import { above, atMost, exactly, type Figure, figure, noBar } from './figure.ts';
import type { RunContext, Skipped } from './run-context.ts';

const SITES = ['upper', 'middle', 'lower'] as const;
const RATE_PER_S = 300;
const SECONDS = 5;
const WITHIN_MS = 30_000;
/** A lease of 60 s, and what it takes to look. */
const ALARM_WITHIN_MS = 90_000;

interface Alarm {
  readonly rule: string;
  readonly site: string | null;
}

export async function measureIngests(context: RunContext): Promise<readonly Figure[] | Skipped> {
  const missing = missingBroker('mosquitto');
  if (missing !== null) return { skipped: missing };
  const broker = await startOutsideBroker({ kind: 'mosquitto', folder: context.folder });
  context.finally(() => void broker.kill());
  const plant = writeSharedPlant(context.folder, broker.url, SITES);
  const start = (site: string): Promise<BenchServer> =>
    startBenchServer(context, {
      config: plant.configOf(site),
      dataDir: join(context.folder, `data-${site}`),
      parts: ['ingest', 'dashboard'],
    });
  const servers = await Promise.all(SITES.map(start));
  await Promise.all(servers.map(takesItsSite));
  const devices = await startNumberedDevices(context, broker.url, { ...plant, ratePerS: RATE_PER_S });
  await delay((context.seconds ?? SECONDS) * 1_000);

  const [, , dying] = servers as [BenchServer, BenchServer, BenchServer];
  const living = servers.slice(0, 2);
  await dying.kill();
  const diedAt = Date.now();
  const alarms = await Promise.all(
    living.map((server) =>
      eventually(
        () => server.get<Alarm[]>('/api/alarms'),
        (list) => list.length > 0,
        ALARM_WITHIN_MS,
      ),
    ),
  );
  const alarmAfterS = (Date.now() - diedAt) / 1_000;
  const reborn = await start('lower');
  await eventually(
    () => reborn.get<{ broker: { sites: string[] } }>('/api/health'),
    (h) => h.broker.sites.length === 1,
  );
  await devices.stop();
  const all = [...living, reborn];
  const sent = devices.sent();
  const stored = await eventually(
    () => storedIn(all),
    ({ distinct }) => distinct >= sent,
    WITHIN_MS,
  ).catch(() => storedIn(all));
  const over = await Promise.all(
    living.map((server) =>
      eventually(
        () => server.get<Alarm[]>('/api/alarms'),
        (list) => list.length === 0,
        WITHIN_MS,
      ).then(
        () => 0,
        () => 1,
      ),
    ),
  );
  for (const server of all) await server.stop();

  async function storedIn(at: readonly BenchServer[]): Promise<{ distinct: number; readings: number }> {
    const times = new Map<string, number[]>();
    for (const server of at) {
      for (const { device } of plant.devices)
        times.set(device, [...(times.get(device) ?? []), ...(await read(server, device))]);
    }
    const lists = [...times.values()];
    return {
      distinct: lists.reduce((sum, list) => sum + new Set(list).size, 0),
      readings: lists.reduce((sum, list) => sum + list.length, 0),
    };
  }

  return [
    figure(['acknowledged by the broker', 'messages'], above(0), sent),
    figure(['not stored anywhere', 'readings'], exactly(0), sent - stored.distinct),
    figure(['stored more than once, anywhere', 'readings'], exactly(0), stored.readings - stored.distinct),
    figure(['alarms at each of the others', 'alarms'], exactly(1), Math.max(...alarms.map((list) => list.length))),
    figure(
      ['of those, about another site or another matter', 'alarms'],
      exactly(0),
      alarms.flat().filter(({ rule, site }) => rule !== 'ingest-gone' || site !== 'lower').length,
    ),
    figure(['from the death to the alarm', 's'], atMost(ALARM_WITHIN_MS / 1_000), alarmAfterS),
    figure(['alarms that stay open when it is back', 'alarms'], exactly(0), over[0] === 0 && over[1] === 0 ? 0 : 1),
    figure(['ingests', ''], noBar, all.length),
  ];
}

async function takesItsSite(server: BenchServer): Promise<void> {
  await eventually(
    () => server.get<{ broker: { sites: string[] } }>('/api/health'),
    ({ broker: { sites } }) => sites.length === 1,
    WITHIN_MS,
  );
}

/** Nothing of a device that this server does not know. */
async function read(server: BenchServer, device: string): Promise<number[]> {
  const answer = await fetch(`${server.url}/api/history?device=${device}&metric=level&points=10000`);
  if (!answer.ok) return [];
  const { points } = (await answer.json()) as { points: readonly [number, number][] };
  return points.map(([ts]) => ts);
}
