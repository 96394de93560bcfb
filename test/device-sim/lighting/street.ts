/** A small street: one cabinet with a circuit on each phase, and lamps with photo-relays of their own. */
import { createFaultBoard, type FaultBoard } from '../../../device-sim/faults.ts';
import { createLighting, type Lighting } from '../../../device-sim/lighting/lighting.ts';
import { createLocalHour } from '../../../device-sim/local-time.ts';
import { createPower } from '../../../device-sim/power.ts';
import type { Circuit } from '../../../model/circuit.ts';
import { parsePlant, type Site } from '../../../model/plant.ts';
import type { SimFault } from '../../../model/sim-fault.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
/** The village's midnight before 23 November 2026, UTC+6. Sunset is at about 17:00, sunrise at 08:05. */
const MIDNIGHT = Date.UTC(2026, 10, 22, 18);
/** Local time of that day; from 24 on, of the next. */
export const local = (hour: number, minute = 0): number => MIDNIGHT + hour * HOUR_MS + minute * MINUTE_MS;

const SUN = { on: 'sunset+10m', off: 'sunrise-10m' };
const CIRCUITS = [
  { id: 'led', cabinet: 'cab', lamps: [{ type: 'led', watt: 60, count: 10 }], ...SUN },
  { id: 'hps', cabinet: 'cab', lamps: [{ type: 'hps', watt: 100, count: 8 }], ...SUN },
  {
    id: 'dim',
    cabinet: 'cab',
    lamps: [{ type: 'led', watt: 50, count: 6 }],
    ...SUN,
    dim: [{ from: '22:00', to: '06:00', percent: 40 }],
  },
  { id: 'saver', cabinet: 'cab-2', lamps: [{ type: 'led', watt: 50, count: 6 }], ...SUN, nightOff: ['00:30', '05:00'] },
  {
    id: 'relays',
    control: 'photo-relays',
    lamps: [{ type: 'led', watt: 50, count: 40 }],
    on: 'sunset',
    off: 'sunrise',
  },
  {
    id: 'relays-hps',
    control: 'photo-relays',
    lamps: [{ type: 'hps', watt: 100, count: 4 }],
    on: 'sun-4deg',
    off: 'sun-4deg',
  },
];

const parsed = parsePlant(
  {
    sites: [{ id: 'toru', lat: 42.4, lon: 76.4, timeZone: 'Asia/Bishkek' }],
    assets: ['cab', 'cab-2'].map((id) => ({ id, site: 'toru', kind: 'cabinet' })),
    devices: [{ id: 'gateway', site: 'toru' }],
    circuits: CIRCUITS.map((circuit) => ({ ...circuit, site: 'toru' })),
  },
  new Map(),
);
if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
const plant = parsed.value;
export const site = plant.sites.get('toru') as Site;

export function circuit(id: string): Circuit {
  const found = plant.circuits.find((each) => each.id === id);
  if (!found) throw new Error(`no circuit ${id}`);
  return found;
}

export interface Street {
  readonly lighting: Lighting;
  readonly board: FaultBoard;
}

export function street(...faults: readonly SimFault[]): Street {
  const board = createFaultBoard(faults);
  const localHour = createLocalHour(site.timeZone);
  const options = { plant, site, seed: 1, localHour, faults: board, power: createPower(board, site.id) };
  return { lighting: createLighting(options), board };
}

/** From and to: local hours. */
export function fault(
  kind: string,
  target: string,
  { from, to, ...sizes }: { from: number; to?: number } & Record<string, number>,
): SimFault {
  const toMs = to === undefined ? null : local(to);
  return { id: `${kind}-${target}-${from}`, kind, target, metric: null, fromMs: local(from), toMs, sizes };
}

export const total = (lighting: Lighting, atMs: number, of: 'watt' | 'voltAmpere' = 'watt'): number =>
  ([0, 1, 2] as const).reduce<number>((sum, phase) => sum + lighting.phaseLoad('cab', phase, atMs)[of], 0);
