/** Who switches what on one supply (a cabinet, or the utility's line where lamps have photo-relays only), and when. */
import type { Circuit } from '../../model/circuit.ts';
import { isBright } from './lamps.ts';
import { createLine, type Line, type SwitchedLine, switchLine } from './line.ts';
import { type ByPhase, PHASES, type Phase, phaseParts, ratedVolt } from './mains.ts';
import { type SwitchTimesOptions, switchTimes } from './switch-times.ts';

/** Its meter feeds itself from all phases; modem and controller hang on the first. Day and night. */
export const STANDBY_W: ByPhase = [6, 1, 1];

/** The position of everything between two switchings. */
export interface Switched {
  readonly phaseParts: ByPhase;
  /** The utility's voltage, where a fault sets it. */
  readonly setV: number | null;
  readonly lines: readonly SwitchedLine[];
}

export interface Switches {
  readonly lines: readonly Line[];
  at(atMs: number): Switched;
  /** When any of it may change, in `[fromMs, toMs)`, rising. */
  timesIn(fromMs: number, toMs: number): number[];
}

/** Without a cabinet: the utility's line. */
export interface SwitchesOptions extends Omit<SwitchTimesOptions, 'lines'> {
  readonly circuits: readonly Circuit[];
  readonly seed: number;
}

export function createSwitches({ circuits, seed, ...options }: SwitchesOptions): Switches {
  const { cabinet, schedule, faults, power } = options;
  const lines = circuits.map((circuit, i) => createLine(circuit, i, seed));

  function at(atMs: number): Switched {
    const fault = (kind: string) => (cabinet === undefined ? undefined : faults.acting(kind, cabinet, atMs));
    const isCut = !power.isOn(cabinet, atMs);
    const isForced = fault('lights-forced-on') !== undefined;
    const clockMs = atMs + (fault('light-clock-wrong')?.sizes.byMin ?? 0) * 60_000;
    const switched = lines.map((line) => switchLine(line, { atMs, clockMs, isForced, isCut, schedule, faults }));
    const floatingOverW = fault('broken-neutral') ? ratedLoad(lines, switched) : null;
    const parts = phaseParts({ isCut, lost: lostPhases(atMs), floatingOverW });
    const setV = fault('supply-voltage')?.sizes.volt ?? null;
    const byVoltage = (line: SwitchedLine, i: number) => {
      const { phase, lamps } = lines[i] as Line;
      const volt = ratedVolt(parts[phase], setV);
      const isFed = line.isFed.map((is, k) => is && isBright(lamps[k]?.type ?? 'other', volt));
      return { ...line, isFed, theftW: isBright('other', volt) ? line.theftW : 0 };
    };
    return { phaseParts: parts, setV, lines: switched.map(byVoltage) };
  }

  function lostPhases(atMs: number): ReadonlySet<Phase> {
    const lost = faults.actingAnywhere('phase-loss', atMs).filter(({ target }) => target === cabinet);
    return new Set(PHASES.filter((phase) => lost.some(({ sizes }) => Math.round(sizes.phase ?? 1) === phase + 1)));
  }

  return { lines, at, timesIn: (fromMs, toMs) => switchTimes({ ...options, lines }, { fromMs, toMs }) };
}

function ratedLoad(lines: readonly Line[], switched: readonly SwitchedLine[]): ByPhase {
  const watt: [number, number, number] = [...STANDBY_W];
  switched.forEach(({ isFed, percent, theftW }, i) => {
    const { phase, lamps } = lines[i] as Line;
    watt[phase] += theftW + lamps.reduce((sum, lamp, k) => sum + (isFed[k] ? (lamp.watt * percent) / 100 : 0), 0);
  });
  return watt;
}
