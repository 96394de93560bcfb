/** Street lighting: when each circuit burns, what it draws, and what its cabinet's meter sees and counts. */
import type { Circuit, Plant, Site } from '../model/plant.ts';
import { type LitPeriod, litPeriod } from '../model/sun.ts';
import type { LocalHour } from './local-time.ts';
import { gauss, noiseKey, noiseKeys, wander } from './noise.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Modem and controller of a cabinet, on its first phase, all day. */
const STANDBY_W = 8;
const POWER_FACTOR = { led: 0.95, hps: 0.87, other: 0.95, standby: 0.55 } as const;
const NOMINAL_V = 230;

export type Phase = 0 | 1 | 2;
export const PHASES: readonly Phase[] = [0, 1, 2];

/** What a meter sees of a phase: real power and apparent power, by which current and power factor follow. */
export interface PhaseLoad {
  readonly watt: number;
  readonly voltAmpere: number;
  readonly volt: number;
}

export interface Lighting {
  isLit(circuit: Circuit, atMs: number): boolean;
  circuitW(circuit: Circuit, atMs: number): number;
  phaseLoad(cabinet: string, phase: Phase, atMs: number): PhaseLoad;
  /** Of all cabinets, when a circuit goes on or off: in `[fromMs, toMs)`, rising. */
  switchedIn(fromMs: number, toMs: number): number[];
  /** Energy of a cabinet between two times, Wh. */
  energyWh(cabinet: string, fromMs: number, toMs: number): number;
}

export interface LightingOptions {
  readonly plant: Plant;
  readonly site: Site;
  readonly seed: number;
  readonly localHour: LocalHour;
}

export function createLighting({ plant, site, seed, localHour }: LightingOptions): Lighting {
  const circuits = plant.circuits.filter((circuit) => circuit.site === site.id);
  const byCabinet = Map.groupBy(circuits, (circuit) => circuit.cabinet);
  const periodOf = createSchedule(site);
  const circuitKey = new Map(circuits.map((c) => [c.id, noiseKey(seed, `circuit/${c.id}`)]));
  const voltageAt = createVoltage(seed, localHour);

  /** A cabinet's circuits are spread over the phases in the plant's order. */
  function phaseOf(circuit: Circuit): Phase {
    return PHASES[(byCabinet.get(circuit.cabinet)?.indexOf(circuit) ?? 0) % 3] ?? 0;
  }

  function load(circuit: Circuit, atMs: number): { watt: number; voltAmpere: number } {
    const period = periodOf(circuit, atMs);
    const result = { watt: 0, voltAmpere: 0 };
    if (!isWithin(period, atMs)) return result;
    const volt = voltageAt(circuit.cabinet, phaseOf(circuit), atMs);
    // A lamp draws a little less when it is warm, each night and each string of them.
    const spread = 1 + 0.004 * wander(circuitKey.get(circuit.id) ?? 0, atMs, 10 * 60_000);
    for (const { type, watt, count } of circuit.lamps) {
      const lampsW = watt * count * spread * (type === 'hps' ? hpsPart(volt, atMs - period.onAt) : 1);
      result.watt += lampsW;
      result.voltAmpere += lampsW / POWER_FACTOR[type];
    }
    return result;
  }

  function phaseLoad(cabinet: string, phase: Phase, atMs: number): PhaseLoad {
    const standbyW = phase === 0 ? STANDBY_W : 0;
    const total = { watt: standbyW, voltAmpere: standbyW / POWER_FACTOR.standby };
    for (const circuit of byCabinet.get(cabinet) ?? []) {
      if (phaseOf(circuit) !== phase) continue;
      const { watt, voltAmpere } = load(circuit, atMs);
      total.watt += watt;
      total.voltAmpere += voltAmpere;
    }
    return { ...total, volt: voltageAt(cabinet, phase, atMs) };
  }

  function switchedIn(fromMs: number, toMs: number): number[] {
    const times = new Set<number>();
    for (const circuit of circuits) {
      const period = periodOf(circuit, fromMs);
      for (const at of [period?.onAt, period?.offAt]) {
        if (at !== undefined && at >= fromMs && at < toMs) times.add(at);
      }
    }
    return [...times].sort((a, b) => a - b);
  }

  function energyWh(cabinet: string, fromMs: number, toMs: number): number {
    let sumWh = 0;
    let at = fromMs;
    for (const end of [...switchedIn(fromMs, toMs), toMs]) {
      if (end === at) continue;
      const watt = PHASES.reduce<number>((sum, phase) => sum + phaseLoad(cabinet, phase, at).watt, 0);
      sumWh += (watt * (end - at)) / HOUR_MS;
      at = end;
    }
    return sumWh;
  }

  return {
    isLit: (circuit, atMs) => isWithin(periodOf(circuit, atMs), atMs),
    circuitW: (circuit, atMs) => load(circuit, atMs).watt,
    phaseLoad,
    switchedIn,
    energyWh,
  };
}

function isWithin(period: LitPeriod | null, atMs: number): period is LitPeriod {
  return period !== null && atMs >= period.onAt && atMs < period.offAt;
}

/**
 * The lit period of the night that follows the last noon. It is always asked of noon: asked of another time, the
 * search for the sun may land a second aside, and a restarted village would switch at another time.
 */
function createSchedule(site: Site): (circuit: Circuit, atMs: number) => LitPeriod | null {
  const noonMs = DAY_MS / 2 - (site.lon / 360) * DAY_MS;
  const known = new Map<string, { noon: number; period: LitPeriod | null }>();
  return (circuit, atMs) => {
    const noon = Math.floor((atMs - noonMs) / DAY_MS) * DAY_MS + noonMs;
    const schedule = `${circuit.on} ${circuit.off}`;
    const last = known.get(schedule);
    if (last?.noon === noon) return last.period;
    const period = litPeriod(site, circuit, noon);
    known.set(schedule, { noon, period });
    return period;
  };
}

/** A high-pressure sodium lamp needs minutes to come up, and follows the voltage; LED drivers do neither. */
function hpsPart(volt: number, sinceOnMs: number): number {
  const warm = 1 - 0.45 * Math.exp(-sinceOnMs / 80_000);
  return warm * (volt / NOMINAL_V) ** 1.8;
}

/** Mains voltage of a cabinet's phase: sags in the evening when everybody cooks, wanders, trembles. */
function createVoltage(seed: number, localHour: LocalHour): (cabinet: string, phase: Phase, atMs: number) => number {
  const keys = noiseKeys(seed, 'voltage');
  return (cabinet, phase, atMs) => {
    const key = keys(`${cabinet}/${phase}`);
    const evening = Math.exp(-(((localHour(atMs) - 19.5) / 2.2) ** 2));
    return 229 + 1.2 * gauss(key, 0) - 6 * evening + 1.2 * wander(key, atMs, 15 * 60_000) + 0.3 * gauss(key, atMs);
  };
}
