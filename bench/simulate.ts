/** How long the simulator takes by itself: a fortnight of the demo village, every report of it, and a day of a large network. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { loadConfiguration } from '../app/config/check-config.ts';
import { networkFile } from '../app/config/plant-files.ts';
import { createLocalHour } from '../device-sim/local-time.ts';
import { createTown } from '../device-sim/town.ts';
import { createWater } from '../device-sim/water/create-water.ts';
import { atMost, type Figure, figure, noBar } from './figure.ts';
import type { RunContext } from './run-context.ts';

const REPEATS = 3;
const DAYS = 14;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** A Monday, midnight in UTC. */
const FROM_MS = Date.UTC(2026, 10, 2);
const SHARED = process.env.AIMAK_SHARED ?? join(import.meta.dirname, '../../shared');
const L_TOWN = join(SHARED, 'data/battledim-network/L-TOWN.inp.gz');
/** As its own file says. */
const L_TOWN_STEP_S = 300;

export async function measureSimulate(context: RunContext): Promise<readonly Figure[]> {
  const repeats = context.repeats ?? REPEATS;
  const villages = await repeated(repeats, simulateVillage);
  const [first] = villages;
  const figures = [
    figure(
      [`${DAYS} days of the demo village, a report a minute`, 's'],
      atMost(10),
      villages.map(({ seconds }) => seconds),
    ),
    figure(['reports of them', 'reports'], noBar, first?.reports ?? 0),
  ];
  if (!existsSync(L_TOWN)) {
    context.say(`without L-Town: ${L_TOWN} is not there`);
    return figures;
  }
  const inp = gunzipSync(readFileSync(L_TOWN)).toString();
  return [
    ...figures,
    figure(
      ['one day of L-Town, 782 junctions, in steps of 5 min', 's'],
      atMost(1),
      await repeated(repeats, () => simulateLTown(inp)),
    ),
  ];
}

async function simulateVillage(): Promise<{ seconds: number; reports: number }> {
  const demo = loadConfiguration([], {});
  const site = [...(demo?.plant.sites.values() ?? [])].find(({ simulated }) => simulated);
  if (!demo || !site) throw new Error('the demo has no simulated site');
  const network = readFileSync(networkFile(demo.settings, site.network ?? ''), 'utf8');
  const town = await createTown({ plant: demo.plant, site: site.id, network, seed: 1, fromMs: FROM_MS });
  let reports = 0;
  const seconds = timed(() => {
    for (let atMs = FROM_MS; atMs < FROM_MS + DAYS * DAY_MS; atMs += HOUR_MS)
      reports += town.step(atMs + HOUR_MS).length;
  });
  return { seconds, reports };
}

async function simulateLTown(inp: string): Promise<number> {
  const localHour = createLocalHour('UTC');
  const water = await createWater({ inp, fromMs: FROM_MS, seed: 1, localHour, stepS: L_TOWN_STEP_S });
  return timed(() => {
    while (water.toMs < FROM_MS + DAY_MS) water.advance();
  });
}

async function repeated<T>(times: number, run: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let i = 0; i < times; i++) results.push(await run());
  return results;
}

function timed(work: () => void): number {
  const startedAt = performance.now();
  work();
  return (performance.now() - startedAt) / 1_000;
}
