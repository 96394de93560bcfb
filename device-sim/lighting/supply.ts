/** What a supply's circuits and phases take, and the energy of it. */
import type { Place } from '../../model/sun.ts';
import type { Faults } from '../faults.ts';
import { noiseKey, wander } from '../noise.ts';
import { isBright, powerPart } from './lamps.ts';
import { type Mains, PHASES, ratedVolt } from './mains.ts';
import { createStates, type LineState, type SupplyState } from './states.ts';
import { STANDBY_W, type Switches } from './switches.ts';

const HOUR_MS = 3_600_000;
const STANDBY_POWER_FACTOR = 0.55;
const THEFT_POWER_FACTOR = 0.95;
/** Two Gauss points in such a piece are closer to the truth than any meter, in the first minute of a sodium lamp too. */
const PIECE_MS = 60_000;
const GAUSS_POINT = 0.5 / Math.sqrt(3);

/** What a meter sees of a phase: real power and apparent power, by which current and power factor follow. */
export interface PhaseLoad {
  readonly watt: number;
  readonly voltAmpere: number;
  readonly volt: number;
}

export interface Supply {
  line(index: number, atMs: number): LineState;
  lineW(index: number, atMs: number): number;
  phaseLoads(atMs: number): readonly PhaseLoad[];
  lampsOn(atMs: number): number;
  energyWh(fromMs: number, toMs: number): number;
  burntMs(index: number, fromMs: number, toMs: number): number;
  switchedIn(fromMs: number, toMs: number): number[];
}

export interface SupplyOptions {
  readonly place: Place;
  readonly seed: number;
  readonly faults: Faults;
  readonly mains: Mains;
  readonly switches: Switches;
}

export function createSupply({ place, seed, faults, mains, switches }: SupplyOptions): Supply {
  const { lines } = switches;
  const spreadKeys = lines.map(({ circuit }) => noiseKey(seed, `circuit/${circuit.id}`));
  const stateAt = createStates({ place, faults, switches });
  let seen: { atMs: number; revision: number; loads: readonly PhaseLoad[] } | null = null;

  function lineLoad(state: SupplyState, index: number, atMs: number): { watt: number; voltAmpere: number } {
    const load = { watt: 0, voltAmpere: 0 };
    const [line, of] = [state.lines[index], lines[index]];
    if (!line || !of || (line.groups.length === 0 && line.theftW === 0)) return load;
    const volt = mains.smoothVolt(of.phase, state.setV, atMs) * state.phaseParts[of.phase];
    // A lamp draws a little less when it is warm, each night and each string of them.
    const spread = 1 + 0.004 * wander(spreadKeys[index] ?? 0, atMs, 10 * 60_000);
    for (const { type, watt, powerFactor, struckMs } of line.groups) {
      const lampsW = watt * spread * powerPart(type, volt, atMs - struckMs);
      load.watt += lampsW;
      load.voltAmpere += lampsW / powerFactor;
    }
    load.watt += line.theftW;
    load.voltAmpere += line.theftW / THEFT_POWER_FACTOR;
    return load;
  }

  function phaseLoads(atMs: number): readonly PhaseLoad[] {
    if (seen?.atMs === atMs && seen.revision === faults.revision) return seen.loads;
    const state = stateAt(atMs);
    const watt = standbyW(state).slice();
    const voltAmpere = watt.map((standby) => standby / STANDBY_POWER_FACTOR);
    lines.forEach(({ phase }, i) => {
      const load = lineLoad(state, i, atMs);
      watt[phase] = (watt[phase] ?? 0) + load.watt;
      voltAmpere[phase] = (voltAmpere[phase] ?? 0) + load.voltAmpere;
    });
    const loads = PHASES.map((phase) => ({
      watt: watt[phase] ?? 0,
      voltAmpere: voltAmpere[phase] ?? 0,
      volt: Math.max(0, mains.volt(phase, state.setV, atMs) * state.phaseParts[phase]),
    }));
    seen = { atMs, revision: faults.revision, loads };
    return loads;
  }

  function totalW(state: SupplyState, atMs: number): number {
    return (
      standbyW(state).reduce((sum, watt) => sum + watt, 0) +
      lines.reduce((sum, _, i) => sum + lineLoad(state, i, atMs).watt, 0)
    );
  }

  function energyWh(fromMs: number, toMs: number): number {
    let wattMs = 0;
    for (let at = fromMs; at < toMs; ) {
      const state = stateAt(at);
      const end = Math.min(toMs, at + PIECE_MS, state.toMs, nextStrike(state, at));
      const [middle, aside] = [(at + end) / 2, (end - at) * GAUSS_POINT];
      wattMs += ((totalW(state, middle - aside) + totalW(state, middle + aside)) / 2) * (end - at);
      at = end;
    }
    return wattMs / HOUR_MS;
  }

  function burntMs(index: number, fromMs: number, toMs: number): number {
    let burnt = 0;
    for (let at = fromMs; at < toMs; ) {
      const state = stateAt(at);
      const end = Math.min(toMs, state.toMs);
      if ((state.lines[index]?.lampsOn ?? 0) > 0) burnt += end - at;
      at = end;
    }
    return burnt;
  }

  function switchedIn(fromMs: number, toMs: number): number[] {
    const times: number[] = [];
    for (let at = stateAt(fromMs).fromMs; at < toMs; at = stateAt(at).toMs) if (at >= fromMs) times.push(at);
    return times;
  }

  return {
    line: (index, atMs) => stateAt(atMs).lines[index] as LineState,
    lineW: (index, atMs) => lineLoad(stateAt(atMs), index, atMs).watt,
    phaseLoads,
    lampsOn: (atMs) => stateAt(atMs).lines.reduce((sum, line) => sum + line.lampsOn, 0),
    energyWh,
    burntMs,
    switchedIn,
  };
}

/** What hangs on a dead phase takes nothing. */
function standbyW({ phaseParts, setV }: SupplyState): number[] {
  return PHASES.map((phase) => (isBright('other', ratedVolt(phaseParts[phase], setV)) ? STANDBY_W[phase] : 0));
}

/** A hot sodium lamp that waits to strike comes on within a state. */
function nextStrike({ lines }: SupplyState, afterMs: number): number {
  let next = Number.POSITIVE_INFINITY;
  for (const { groups } of lines) {
    for (const { struckMs } of groups) if (struckMs > afterMs && struckMs < next) next = struckMs;
  }
  return next;
}
