/** When the village is lit, over all its circuits. Pure. */
import type { CircuitWire } from '../../wire.ts';

export interface VillageLit {
  readonly onAt: number;
  readonly offAt: number;
  readonly isNow: boolean;
}

/** From the first circuit's on to the last one's off; circuits that wait for the next night do not stretch this one. */
export function litPeriod(circuits: readonly { readonly circuit: CircuitWire }[], nowMs: number): VillageLit | null {
  const periods = circuits.map(({ circuit }) => circuit.lit).filter((lit) => lit !== null);
  const current = periods.filter((lit) => lit.onAt <= nowMs && nowMs < lit.offAt);
  const counted = current.length > 0 ? current : periods.filter((lit) => lit.onAt > nowMs);
  if (counted.length === 0) return null;
  return {
    onAt: Math.min(...counted.map((lit) => lit.onAt)),
    offAt: Math.max(...counted.map((lit) => lit.offAt)),
    isNow: current.length > 0,
  };
}

/** A meter's own noise is no light: on from a twentieth of what is installed. */
export function isLit(powerW: number, installedW: number): boolean {
  return powerW > Math.max(installedW / 20, 5);
}
