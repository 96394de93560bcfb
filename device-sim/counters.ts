/** What the electronics of cabinets counts: added up segment by segment, so that a village can go on from a snapshot. */
import type { Circuit } from '../model/circuit.ts';
import type { Lighting } from './lighting/lighting.ts';
import type { Water } from './water/water.ts';

const HOUR_MS = 3_600_000;

/** Since the village began. Plain data. */
export interface CounterState {
  readonly cabinetWh: Readonly<Record<string, number>>;
  readonly circuitBurntMs: Readonly<Record<string, number>>;
}

export interface Counters {
  /** Starts counting; to be asked for before the village lives. */
  cabinetKwh(cabinet: string): (atMs: number) => number;
  burnHours(circuit: Circuit): (atMs: number) => number;
  /** Takes over the present segment, at its end. */
  settle(): void;
  state(): CounterState;
}

export interface CounterOptions {
  readonly lighting: Pick<Lighting, 'energyWh' | 'burntMs'>;
  readonly water: Pick<Water, 'fromMs' | 'toMs'>;
  readonly saved: CounterState | undefined;
}

type Within = (fromMs: number, toMs: number) => number;

export function createCounters({ lighting, water, saved }: CounterOptions): Counters {
  const energy = createTally(water, saved?.cabinetWh);
  const burning = createTally(water, saved?.circuitBurntMs);
  return {
    cabinetKwh(cabinet) {
      const wh = energy.count(cabinet, (fromMs, toMs) => lighting.energyWh(cabinet, fromMs, toMs));
      return (atMs) => wh(atMs) / 1000;
    },
    burnHours(circuit) {
      const burntMs = burning.count(circuit.id, (fromMs, toMs) => lighting.burntMs(circuit, fromMs, toMs));
      return (atMs) => burntMs(atMs) / HOUR_MS;
    },
    settle() {
      energy.settle();
      burning.settle();
    },
    state: () => ({ cabinetWh: energy.state(), circuitBurntMs: burning.state() }),
  };
}

function createTally(water: CounterOptions['water'], saved: Readonly<Record<string, number>> = {}) {
  const sums = new Map<string, number>(Object.entries(saved));
  const counted = new Map<string, Within>();
  return {
    count(id: string, within: Within): (atMs: number) => number {
      counted.set(id, within);
      return (atMs) => (sums.get(id) ?? 0) + within(water.fromMs, atMs);
    },
    settle(): void {
      if (water.toMs === water.fromMs) return;
      for (const [id, within] of counted) sums.set(id, (sums.get(id) ?? 0) + within(water.fromMs, water.toMs));
    },
    state: (): Record<string, number> => Object.fromEntries(sums),
  };
}
