/** How long the simulator takes by itself: a fortnight of the demo village, every report of it, and a day of a large network. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { loadConfiguration } from '../app/config/check-config.ts';
import { networkFile } from '../app/config/plant-files.ts';
import { createTown } from '../device-sim/town.ts';
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
/** Who measures there, each once a minute: its two inlets, its pump, its tank and two of its loggers. */
const L_TOWN_PLANT = `
sites:
  - {id: l-town, lat: 35.05, lon: 33.22, timeZone: Asia/Nicosia, simulated: true, network: L-TOWN.inp}
devices:
  - {id: inlet-1, site: l-town, profile: flow-meter, element: p227}
  - {id: inlet-2, site: l-town, profile: flow-meter, element: p235}
  - {id: pump-1, site: l-town, profile: flow-meter, element: PUMP_1}
  - {id: tank-1, site: l-town, profile: reservoir-level, element: T1}
  - {id: logger-1, site: l-town, profile: pressure-logger, element: n54}
  - {id: logger-2, site: l-town, profile: pressure-logger, element: n105}
`;

export async function measureSimulate(context: RunContext): Promise<readonly Figure[]> {
  const repeats = context.repeats ?? REPEATS;
  const villages = await repeated(repeats, () => simulate([], DAYS));
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
  const config = writeLTown(context.folder);
  const days = await repeated(repeats, () => simulate(['--config', config], 1));
  return [
    ...figures,
    figure(
      ['one day of L-Town, 782 junctions, in the steps of its file (5 min), 6 devices reporting once a minute', 's'],
      atMost(1),
      days.map(({ seconds }) => seconds),
    ),
  ];
}

/** The simulated site of a configuration, as `npm start -- sim` would have it; without arguments, the demo's. */
async function simulate(argv: readonly string[], days: number): Promise<{ seconds: number; reports: number }> {
  const { plant, settings } = loadConfiguration(argv, {}) ?? {};
  const site = [...(plant?.sites.values() ?? [])].find(({ simulated }) => simulated);
  if (!plant || !settings || !site) throw new Error('there is no simulated site');
  const network = readFileSync(networkFile(settings, site.network ?? ''), 'utf8');
  const town = await createTown({ plant, site: site.id, network, seed: 1, fromMs: FROM_MS });
  let reports = 0;
  const seconds = timed(() => {
    for (let atMs = FROM_MS; atMs < FROM_MS + days * DAY_MS; atMs += HOUR_MS) {
      reports += town.step(atMs + HOUR_MS).length;
    }
  });
  return { seconds, reports };
}

/** Writes the plant and its configuration, and returns the path of that. */
function writeLTown(folder: string): string {
  const config = join(folder, 'aimak.yaml');
  writeFileSync(join(folder, 'L-TOWN.inp'), gunzipSync(readFileSync(L_TOWN)));
  writeFileSync(join(folder, 'plant.yaml'), L_TOWN_PLANT);
  writeFileSync(config, 'plant: plant.yaml\n');
  return config;
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
