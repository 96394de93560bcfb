/** Who has mains power: a cut takes a whole site, or one asset of it. */
import type { SimFault } from '../model/sim-fault.ts';
import type { Faults } from './faults.ts';

const CUT: ReadonlySet<string> = new Set(['power-cut']);

/** `toMs` is Infinity while nobody knows when it ends. */
interface Cut {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Power {
  /** Of an asset of the plant file; of what has none, the site's. */
  isOn(asset: string | undefined, atMs: number): boolean;
  /** When power may have gone or come, in `[fromMs, toMs)`, rising. */
  switchedIn(fromMs: number, toMs: number): readonly number[];
  /** Since when it is gone; null where it is on. */
  offSince(asset: string | undefined, atMs: number): number | null;
  /** All cuts of an asset, past and to come, rising; those that overlap are one. */
  cuts(asset: string | undefined): readonly Cut[];
}

export function createPower(faults: Faults, site: string): Power {
  const known = new Map<string | undefined, readonly Cut[]>();
  let revision = faults.revision;

  function cuts(asset: string | undefined): readonly Cut[] {
    if (revision !== faults.revision) {
      known.clear();
      revision = faults.revision;
    }
    const found = known.get(asset) ?? cutsOf(faults, [site, asset]);
    known.set(asset, found);
    return found;
  }

  const cutAt = (asset: string | undefined, atMs: number): Cut | undefined =>
    cuts(asset).find(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs);
  return {
    isOn: (asset, atMs) => cutAt(asset, atMs) === undefined,
    switchedIn: (fromMs, toMs) => faults.changesIn(CUT, fromMs, toMs),
    offSince: (asset, atMs) => cutAt(asset, atMs)?.fromMs ?? null,
    cuts,
  };
}

function cutsOf(faults: Faults, targets: readonly (string | undefined)[]): readonly Cut[] {
  const merged: { fromMs: number; toMs: number }[] = [];
  for (const { fromMs, toMs } of rising(faults.all(), targets)) {
    const last = merged.at(-1);
    if (last && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs);
    else if (fromMs < toMs) merged.push({ fromMs, toMs });
  }
  return merged;
}

function rising(faults: readonly SimFault[], targets: readonly (string | undefined)[]): Cut[] {
  return faults
    .filter(({ kind, target }) => CUT.has(kind) && targets.includes(target))
    .map(({ fromMs, toMs }) => ({ fromMs, toMs: toMs ?? Number.POSITIVE_INFINITY }))
    .sort((a, b) => a.fromMs - b.fromMs);
}
