/** Who has mains power: a cut takes a whole site, or one asset of it. */
import type { Faults } from './faults.ts';

const CUT: ReadonlySet<string> = new Set(['power-cut']);

export interface Power {
  /** Of an asset of the plant file; of what has none, the site's. */
  isOn(asset: string | undefined, atMs: number): boolean;
  /** When power may have gone or come, in `[fromMs, toMs)`, rising. */
  switchedIn(fromMs: number, toMs: number): readonly number[];
  /** Since when it is gone; null where it is on. */
  offSince(asset: string | undefined, atMs: number): number | null;
}

export function createPower(faults: Faults, site: string): Power {
  const cut = (asset: string | undefined, atMs: number) =>
    faults.acting('power-cut', site, atMs) ??
    (asset === undefined ? undefined : faults.acting('power-cut', asset, atMs));
  return {
    isOn: (asset, atMs) => cut(asset, atMs) === undefined,
    switchedIn: (fromMs, toMs) => faults.changesIn(CUT, fromMs, toMs),
    offSince: (asset, atMs) => cut(asset, atMs)?.fromMs ?? null,
  };
}
