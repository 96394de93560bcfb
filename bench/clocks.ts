/**
 * The server's clock jumps and comes back, while it runs and at its start, with devices that have a clock, that have none,
 * and both: after each jump, within two report intervals, live values and alarms are right, and no reading is lost.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import mqtt, { type MqttClient } from 'mqtt';
import { telemetryTopic } from '../model/topic.ts';
import { createFakeTimeIn, NO_FAKETIME } from '../test/harness/faketime.ts';
import { type BenchServer, startBenchServer } from './bench-server.ts';
import { atMost, exactly, type Figure, figure } from './figure.ts';
import type { RunContext, Skipped } from './run-context.ts';

const [MIN_S, HOUR_S, DAY_S] = [60, 3_600, 86_400];
const EVERY_S = 1;
/** The first right after the jump, the last two intervals later. */
const REPORTS = 3;
const [LOW_M, HIGH_M] = [0.5, 2];
const TANKS = ['tank-1', 'tank-2', 'tank-3'];
const to = (year: number, month: number, day: number) => (Date.UTC(year, month, day, 6, 28, 16) - Date.now()) / 1000;
/** By name, how far off the clock is, s. */
const JUMPS: Readonly<Record<string, number>> = {
  '+11 min': 11 * MIN_S,
  '-11 min': -11 * MIN_S,
  '+1 h': HOUR_S,
  '-1 h': -HOUR_S,
  '+1 d': DAY_S,
  '-1 d': -DAY_S,
  'to 1970': to(1970, 0, 1),
  'to 2038': to(2038, 0, 19),
  'to 2106': to(2106, 1, 7),
};
/** Which of the tanks' devices have a clock. */
const CLOCKS = { 'with a clock': TANKS, 'without a clock': [], 'of both kinds': TANKS.slice(0, 2) } as const;

/** Of one jump, there or back. */
interface Seen {
  readonly what: string;
  /** Until all was right: low water live and alarmed, then its end. 4: not within two intervals. */
  readonly reports: number;
}

interface Outcome {
  readonly seen: readonly Seen[];
  readonly sent: number;
  readonly stored: number;
  readonly rejected: number;
}

export async function measureClocks(context: RunContext): Promise<readonly Figure[] | Skipped> {
  if (NO_FAKETIME !== null) return { skipped: NO_FAKETIME };
  const villages: (readonly [string, Village])[] = [];
  for (const [devices, own] of Object.entries(CLOCKS)) {
    const village = createVillage(context, devices.replaceAll(' ', '-'), own);
    // One after the other: three at once may take longer than a start may.
    await village.start();
    villages.push([devices, village]);
  }
  const outcomes = await Promise.all(villages.map(([devices, village]) => playAll(context, devices, village)));
  const seen = outcomes.flatMap((outcome) => outcome.seen);
  const wrong = seen.filter(({ reports }) => reports > REPORTS);
  const sum = (field: 'sent' | 'stored' | 'rejected') => outcomes.reduce((total, outcome) => total + outcome[field], 0);
  const jumps = Object.keys(CLOCKS).length * Object.keys(JUMPS).length * 2 * 2;
  return [
    figure(['jumps there and back, running and at the start', 'jumps'], exactly(jumps), seen.length),
    figure(['after which live values or alarms were wrong', 'jumps'], exactly(0), wrong.length),
    figure(
      ['until they were right, most', 'reports'],
      atMost(REPORTS),
      Math.max(...seen.map(({ reports }) => reports)),
    ),
    figure(['sent and not stored', 'readings'], exactly(0), sum('sent') - sum('stored')),
    figure(['rejected', 'readings'], exactly(0), sum('rejected')),
  ];
}

/** All jumps, one after the other on one data folder: what a wrong clock has left there is there at the next. */
async function playAll(context: RunContext, devices: string, village: Village): Promise<Outcome> {
  const seen: Seen[] = [];
  for (const [jump, offS] of Object.entries(JUMPS)) {
    for (const isAtStart of [false, true]) {
      for (const [way, s] of [
        ['there', offS],
        ['back', 0],
      ] as const) {
        const reports = await village.jump(s, isAtStart);
        const what = `devices ${devices}, ${jump} ${way}, ${isAtStart ? 'at the start' : 'running'}`;
        seen.push({ what, reports });
        if (reports > REPORTS) context.say(`wrong: ${what}`);
      }
    }
    context.say(`devices ${devices}: ${jump}`);
  }
  return { seen, ...(await village.end()) };
}

type Village = ReturnType<typeof createVillage>;

function createVillage(context: RunContext, name: string, own: readonly string[]) {
  const folder = join(context.folder, name);
  const time = createFakeTimeIn(writeVillage(folder));
  const options = {
    config: join(folder, 'aimak.yaml'),
    dataDir: join(folder, 'data'),
    env: time.env,
    startWithinMs: 60_000,
  };
  const total = { sent: 0, stored: 0, rejected: 0 };
  let server: BenchServer;
  let client: MqttClient;

  async function start(): Promise<void> {
    server = await startBenchServer(context, options);
    client = await mqtt.connectAsync(`mqtt://127.0.0.1:${server.mqttPort}`);
    for (let i = 0; i < REPORTS; i++) await report(HIGH_M);
  }

  async function stop(): Promise<void> {
    await client.endAsync();
    const { stored, rejected } = (await server.health()).ingest;
    total.stored += stored;
    total.rejected += Object.values(rejected).reduce((sum, count) => sum + count, 0);
    await server.stop();
  }

  /** One of each device, and an interval's wait after it. */
  async function report(levelM: number): Promise<void> {
    const beganMs = performance.now();
    for (const tank of TANKS) {
      const values = { level: levelM };
      const message = own.includes(tank) ? { ts: Date.now(), values } : values;
      await client.publishAsync(telemetryTopic('village', `${tank}-level`), JSON.stringify(message), { qos: 1 });
      total.sent++;
    }
    await delay(Math.max(0, EVERY_S * 1_000 - (performance.now() - beganMs)));
  }

  async function isRight(levelM: number): Promise<boolean> {
    const live = await server.get<{ value: number; quality: string }[]>('/api/live');
    const isLive = live.every(({ value, quality }) => value === levelM && quality !== 'stale' && quality !== 'bad');
    const alarms = await server.get<{ rule: string; state: string }[]>('/api/alarms');
    // What is over may wait for somebody to see it; the clock's own alarm is told beside.
    const open = alarms.filter(({ rule, state }) => state === 'unacknowledged' && rule !== 'server-clock');
    const isAlarmed = open.length === TANKS.length && open.every(({ rule }) => rule === 'tank-low');
    return live.length === TANKS.length && isLive && (levelM < 1 ? isAlarmed : open.length === 0);
  }

  /** How many reports it took until all was right; one more than there were: it was not. */
  async function reportsUntilRight(levelM: number): Promise<number> {
    let right = REPORTS + 1;
    for (let i = 1; i <= REPORTS; i++) {
      await report(levelM);
      if (!(await isRight(levelM))) right = REPORTS + 1;
      else if (right > REPORTS) right = i;
    }
    return right;
  }

  return {
    start,
    async jump(offS: number, isAtStart: boolean): Promise<number> {
      if (isAtStart) await stop();
      time.set(offS);
      if (isAtStart) {
        server = await startBenchServer(context, options);
        client = await mqtt.connectAsync(`mqtt://127.0.0.1:${server.mqttPort}`);
      }
      const low = await reportsUntilRight(LOW_M);
      return Math.max(low, await reportsUntilRight(HIGH_M));
    },
    async end() {
      await stop();
      return total;
    },
  };
}

/** The configuration of three tanks, each with a device of its own; gives the file of its false time. */
function writeVillage(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const write = (file: string, content: unknown) => writeFileSync(join(folder, file), JSON.stringify(content));
  write('aimak.yaml', { version: 1, plant: 'plant.yaml', rules: 'rules.yaml' });
  write('rules.yaml', [{ id: 'tank-low', below: '1.0 m', onDelayS: 0, offDelayS: 0 }]);
  write('plant.yaml', {
    sites: [{ id: 'village', lat: 42.4, lon: 76.4, timeZone: 'Asia/Bishkek' }],
    assets: TANKS.map((id) => ({
      id,
      site: 'village',
      kind: 'reservoir',
      levelVolume: [
        [0, 0],
        [4, 300],
      ],
      overflowM: 3.8,
    })),
    devices: TANKS.map((id) => ({ id: `${id}-level`, site: 'village', asset: id, everyS: EVERY_S })),
  });
  return join(folder, 'time');
}
