/** Voltage at a cabinet: the utility's, and where the star point floats once its neutral is broken. */
import type { LocalHour } from '../local-time.ts';
import { gauss, noiseKeys, wander } from '../noise.ts';
import { NOMINAL_V } from './lamps.ts';

export type Phase = 0 | 1 | 2;
export const PHASES: readonly Phase[] = [0, 1, 2];

/** One number per phase. */
export type ByPhase = readonly [number, number, number];

/** What an open conductor still picks up from its neighbours, as part of the voltage: some 4 V. */
const RESIDUAL_PART = 0.017;

export interface Mains {
  /** Of a sound phase. `setV`: a fault's in place of the usual. */
  volt(phase: Phase, setV: number | null, atMs: number): number;
  /** The same without its trembling, which comes to nothing over a minute. */
  smoothVolt(phase: Phase, setV: number | null, atMs: number): number;
}

/** The usual: sags in the evening when everybody cooks, wanders, trembles. */
export function createMains(seed: number, of: string, localHour: LocalHour): Mains {
  const keys = noiseKeys(seed, 'voltage');
  const keyOf = (phase: Phase) => keys(`${of}/${phase}`);

  function smoothVolt(phase: Phase, setV: number | null, atMs: number): number {
    const key = keyOf(phase);
    const wanders = 1.2 * wander(key, atMs, 15 * 60_000);
    if (setV !== null) return setV + wanders;
    const evening = Math.exp(-(((localHour(atMs) - 19.5) / 2.2) ** 2));
    return 229 + 1.2 * gauss(key, 0) - 6 * evening + wanders;
  }

  return {
    smoothVolt,
    volt: (phase, setV, atMs) => smoothVolt(phase, setV, atMs) + 0.3 * gauss(keyOf(phase), atMs),
  };
}

/** Part of the utility's voltage that each phase has at the cabinet, by what is wrong with its supply. */
export function phaseParts(wrong: {
  readonly isCut: boolean;
  readonly lost: ReadonlySet<Phase>;
  /** Rated load of each phase, where the neutral is broken. */
  readonly floatingOverW: ByPhase | null;
}): ByPhase {
  if (wrong.isCut) return [0, 0, 0];
  const joined = (of: ByPhase): ByPhase => mapPhases((phase) => (wrong.lost.has(phase) ? 0 : of[phase]));
  const parts = wrong.floatingOverW ? starPoint(joined(wrong.floatingOverW)) : ([1, 1, 1] as const);
  return mapPhases((phase) => (wrong.lost.has(phase) ? RESIDUAL_PART : parts[phase]));
}

/**
 * Millman's theorem: without a neutral the star point lies where the loads, taken as resistances, pull it. The phase
 * with the most load falls, the one with the least rises, up to the full 400 V.
 */
function starPoint(loadW: ByPhase): ByPhase {
  const sumW = loadW[0] + loadW[1] + loadW[2];
  if (sumW === 0) return [1, 1, 1];
  const re = (phase: Phase) => Math.cos((-phase * 2 * Math.PI) / 3);
  const im = (phase: Phase) => Math.sin((-phase * 2 * Math.PI) / 3);
  const starRe = PHASES.reduce<number>((sum, phase) => sum + loadW[phase] * re(phase), 0) / sumW;
  const starIm = PHASES.reduce<number>((sum, phase) => sum + loadW[phase] * im(phase), 0) / sumW;
  return mapPhases((phase) => Math.hypot(re(phase) - starRe, im(phase) - starIm));
}

/** By which a lamp judges whether it can burn. */
export function ratedVolt(part: number, setV: number | null): number {
  return part * (setV ?? NOMINAL_V);
}

function mapPhases(of: (phase: Phase) => number): ByPhase {
  return [of(0), of(1), of(2)];
}
