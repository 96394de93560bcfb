/** What one lamp does: how much it takes at a voltage, how it comes up, and the habits that tell it from its neighbours. */
import type { Circuit, Lamps } from '../../model/circuit.ts';
import { noiseKey, uniform } from '../noise.ts';

export type LampType = Lamps['type'];

interface LampKind {
  readonly powerFactor: number;
  /** Power goes with the voltage to this power; a driver keeps it constant. */
  readonly voltExponent: number;
  /** Of less a driver cannot live, and an arc goes out. */
  readonly darkBelowV: number;
}

const KINDS: Readonly<Record<LampType, LampKind>> = {
  led: { powerFactor: 0.95, voltExponent: 0, darkBelowV: 90 },
  hps: { powerFactor: 0.87, voltExponent: 1.8, darkBelowV: 160 },
  other: { powerFactor: 0.95, voltExponent: 0, darkBelowV: 90 },
};
/** Of a sodium lamp whose capacitor is gone: the ballast alone. */
const BARE_BALLAST = 0.45;
export const NOMINAL_V = 230;

/** A sodium lamp comes up over some five minutes: 55 % of its power when it strikes, 99 % after 300 s. */
const STRIKES_AT = 0.55;
const WARM_UP_MS = 80_000;
/** The lamp is warm by then to the last digit of any meter. */
export const WARM_AFTER_MS = 15 * 60_000;
/** A hot arc tube must cool before its ignitor can strike it again. */
export const RESTRIKE_MS = 90_000;

/** Photo-relays of one street differ by that much either way. */
const RELAY_SPREAD_MS = 10 * 60_000;

export interface Lamp {
  readonly type: LampType;
  readonly watt: number;
  /** How much later than its neighbours its photo-relay takes it for night; and as much earlier for day. */
  readonly relayLateMs: number;
  /** Were it at the end of its life: lit for `litMs`, then dark, over and over. */
  readonly cycle: { readonly periodMs: number; readonly litMs: number; readonly phaseMs: number };
}

/** The lamps of a circuit, in the order of the plant file. */
export function createLamps(circuit: Circuit, seed: number): readonly Lamp[] {
  const relay = noiseKey(seed, `relay/${circuit.id}`);
  const cycle = noiseKey(seed, `cycle/${circuit.id}`);
  const rated = circuit.lamps.flatMap(({ type, watt, count }) => Array.from({ length: count }, () => ({ type, watt })));
  return rated.map((lamp, i) => {
    const litMs = inSeconds(between(5, 8, uniform(cycle, 3 * i)) * 60_000);
    const periodMs = litMs + inSeconds(between(2, 4, uniform(cycle, 3 * i + 1)) * 60_000);
    return {
      ...lamp,
      relayLateMs: inSeconds(between(-1, 1, uniform(relay, i)) * RELAY_SPREAD_MS),
      cycle: { periodMs, litMs, phaseMs: inSeconds(uniform(cycle, 3 * i + 2) * periodMs) },
    };
  });
}

export function isLitInCycle({ cycle }: Lamp, atMs: number): boolean {
  return (atMs + cycle.phaseMs) % cycle.periodMs < cycle.litMs;
}

/** When a cycling lamp goes on or out, in `[fromMs, toMs)`. */
export function cycleTimes({ cycle: { periodMs, litMs, phaseMs } }: Lamp, fromMs: number, toMs: number): number[] {
  const times: number[] = [];
  const first = Math.floor((fromMs + phaseMs) / periodMs) * periodMs - phaseMs;
  for (let at = first; at < toMs; at += periodMs) times.push(at, at + litMs);
  return times.filter((at) => at >= fromMs && at < toMs);
}

export function isBright(type: LampType, volt: number): boolean {
  return volt >= KINDS[type].darkBelowV;
}

/** Part of its rated power that a lamp takes, `litMs` after it struck; negative: it has not yet. */
export function powerPart(type: LampType, volt: number, litMs: number): number {
  if (type !== 'hps') return 1;
  if (litMs < 0) return 0;
  const warm = litMs >= WARM_AFTER_MS ? 1 : 1 - (1 - STRIKES_AT) * Math.exp(-litMs / WARM_UP_MS);
  return warm * (volt / NOMINAL_V) ** KINDS.hps.voltExponent;
}

export function powerFactorOf(type: LampType, isCapacitorGone: boolean): number {
  return type === 'hps' && isCapacitorGone ? BARE_BALLAST : KINDS[type].powerFactor;
}

function between(low: number, high: number, part: number): number {
  return low + (high - low) * part;
}

function inSeconds(ms: number): number {
  return Math.round(ms / 1000) * 1000;
}
