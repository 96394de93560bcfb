/** The 12 V lead battery of a gateway: how long it lives without mains, and what its voltage tells of that. */
import type { Power } from '../power.ts';

const HOUR_MS = 3_600_000;
const LASTS_MS = 8 * HOUR_MS;
const RECHARGES_MS = 16 * HOUR_MS;
const FLOAT_V = 13.6;
/** Charging after a deep discharge begins this much lower. */
const CHARGING_SAG_V = 0.9;
const FULL_V = 12.7;
/** Its protection switches it off here. */
const EMPTY_V = 10.8;

export interface Battery {
  /** Whether what it feeds has power, from mains or from it. */
  isAlive(atMs: number): boolean;
  volt(atMs: number): number;
}

export function createBattery(power: Power, asset: string | undefined): Battery {
  return {
    isAlive: (atMs) => power.isOn(asset, atMs) || charge(power, asset, atMs) > 0,
    volt(atMs) {
      const part = charge(power, asset, atMs);
      if (power.isOn(asset, atMs)) return FLOAT_V - CHARGING_SAG_V * (1 - part);
      return EMPTY_V + (FULL_V - EMPTY_V) * part;
    },
  };
}

/** From 0 to 1, by all the cuts so far: a second cut finds it half empty. */
function charge(power: Power, asset: string | undefined, atMs: number): number {
  let part = 1;
  let sinceMs = Number.NEGATIVE_INFINITY;
  for (const cut of power.cuts(asset)) {
    if (cut.fromMs >= atMs) break;
    part = Math.min(1, part + (cut.fromMs - sinceMs) / RECHARGES_MS);
    sinceMs = Math.min(cut.toMs, atMs);
    part = Math.max(0, part - (sinceMs - cut.fromMs) / LASTS_MS);
  }
  return Math.min(1, part + (atMs - sinceMs) / RECHARGES_MS);
}
