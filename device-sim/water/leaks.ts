/** Holes in pipes: which are open, how large they are by now, and what has run out of them. */
import type { SimFault } from '../../model/sim-fault.ts';
import type { Faults } from '../faults.ts';
import type { Hydraulics } from './hydraulics.ts';

const HOUR_MS = 3_600_000;
const GRAVITY = 9.80665;
/** Of a hole in a pipe's wall. */
const DISCHARGE = 0.75;
/** A leak that flows a given amount is sized at the pressure there, or at this where there is next to none. */
const LEAST_PRESSURE_M = 1;
/** EPANET keeps old values of an emitter that is set to 0. */
const SHUT = 1e-9;

/** Plain data. */
export interface LeakState {
  /** Of the full size: m3/h at 1 m. */
  readonly coefficient: number;
  readonly volumeM3: number;
}

export interface Leaks {
  /** Pipes that leak, each once. */
  pipes(atMs: number): string[];
  /** Makes the holes as large as they are at a time; a new one is sized by the pressure there, for which it is solved once. */
  open(hydraulics: Hydraulics, atMs: number): void;
  /** After solving: what flows now. */
  note(hydraulics: Hydraulics): void;
  /** A segment is over. */
  settle(passedMs: number): void;
  flowM3h(fault: string): number;
  volumeM3(fault: string, passedMs: number): number;
  state(passedMs: number): Readonly<Record<string, LeakState>>;
}

interface Open {
  readonly id: string;
  readonly pipe: string;
  /** Of the present, m3/h at 1 m. */
  coefficient: number;
  flowM3h: number;
}

export function createLeaks(faults: Faults, saved: Readonly<Record<string, LeakState>> = {}): Leaks {
  const known = new Map(Object.entries(saved));
  let open: readonly Open[] = [];

  function size(fresh: readonly SimFault[], hydraulics: Hydraulics): void {
    if (fresh.length === 0) return;
    hydraulics.solve();
    for (const fault of fresh) {
      const pressureM = Math.max(LEAST_PRESSURE_M, hydraulics.pressureAtLeak(fault.target));
      const flowM3h = fault.sizes.flowM3h ?? holeM3h(fault.sizes.holeMm ?? 0, pressureM);
      known.set(fault.id, { coefficient: flowM3h / pressureM ** hydraulics.file.leakExponent, volumeM3: 0 });
    }
  }

  const leaks: Leaks = {
    pipes: (atMs) => [...new Set(leaking(faults, atMs).map(({ target }) => target))],
    open(hydraulics, atMs) {
      const acting = leaking(faults, atMs);
      const pipes = new Map(acting.map(({ target }) => [target, SHUT]));
      const grow = (all: readonly SimFault[]): Open[] =>
        all.map(({ id, target: pipe, ...fault }) => {
          const coefficient = (known.get(id)?.coefficient ?? 0) * grown(fault, atMs);
          pipes.set(pipe, (pipes.get(pipe) ?? 0) + coefficient);
          return { id, pipe, coefficient, flowM3h: 0 };
        });
      const before = grow(acting.filter(({ id }) => known.has(id)));
      const fresh = acting.filter(({ id }) => !known.has(id));
      for (const [pipe, coefficient] of pipes) hydraulics.setLeak(pipe, coefficient);
      size(fresh, hydraulics);
      open = [...before, ...grow(fresh)];
      for (const { target } of fresh) hydraulics.setLeak(target, pipes.get(target) ?? SHUT);
    },
    note(hydraulics) {
      for (const leak of open) {
        const together = open.reduce((sum, { pipe, coefficient }) => sum + (pipe === leak.pipe ? coefficient : 0), 0);
        leak.flowM3h = together > 0 ? (hydraulics.leakFlow(leak.pipe) * leak.coefficient) / together : 0;
      }
    },
    settle(passedMs) {
      for (const { id } of open) {
        const state = known.get(id);
        if (state) known.set(id, { ...state, volumeM3: leaks.volumeM3(id, passedMs) });
      }
    },
    flowM3h: (fault) => open.find(({ id }) => id === fault)?.flowM3h ?? 0,
    volumeM3: (fault, passedMs) => (known.get(fault)?.volumeM3 ?? 0) + (leaks.flowM3h(fault) * passedMs) / HOUR_MS,
    state: (passedMs) =>
      Object.fromEntries([...known].map(([id, leak]) => [id, { ...leak, volumeM3: leaks.volumeM3(id, passedMs) }])),
  };
  return leaks;
}

/** Of a hole at a pressure. */
function holeM3h(holeMm: number, pressureM: number): number {
  const areaM2 = (Math.PI / 4) * (holeMm / 1000) ** 2;
  return DISCHARGE * areaM2 * Math.sqrt(2 * GRAVITY * pressureM) * 3600;
}

/** Its area by now, as a part of the full one. */
function grown({ fromMs, sizes }: Pick<SimFault, 'fromMs' | 'sizes'>, atMs: number): number {
  const growsMs = (sizes.growsH ?? 0) * HOUR_MS;
  return growsMs === 0 ? 1 : Math.min(1, (atMs - fromMs) / growsMs);
}

function leaking(faults: Faults, atMs: number): SimFault[] {
  return [...faults.actingAnywhere('burst', atMs), ...faults.actingAnywhere('leak', atMs)];
}
