/** Where the simulator was: how far its reports are acknowledged, its faults, and a village to go on from. */
import { open, readFile, rename } from 'node:fs/promises';
import type { SimFault } from '../model/sim-fault.ts';
import type { TownSnapshot } from './town.ts';

const VERSION = 2;

export interface SimState {
  readonly seed: number;
  readonly site: string;
  /** Where it was told to begin; null: so many days before its first start. */
  readonly beginMs: number | null;
  /** Everything that arrived up to here is acknowledged. */
  readonly deliveredMs: number;
  /** Of a time not after `deliveredMs`, nor after anything that was still on its way then. */
  readonly snapshot: TownSnapshot;
  readonly faults: readonly SimFault[];
}

/** The state, null where there is none yet, or why the file cannot be used. */
export async function readState(path: string): Promise<SimState | null | { readonly unusable: string }> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const state = JSON.parse(text) as SimState & { version: number };
    if (state.version !== VERSION) return { unusable: `version ${state.version}, expected ${VERSION}` };
    return isWhole(state) ? state : { unusable: 'a part is missing' };
  } catch (error) {
    return { unusable: (error as Error).message };
  }
}

/** Whole or not at all: a power cut leaves the old file or the new one. */
export async function writeState(path: string, state: SimState): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(JSON.stringify({ version: VERSION, ...state }));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

function isWhole({ deliveredMs, snapshot, faults }: SimState): boolean {
  if (!Number.isFinite(deliveredMs) || !Number.isFinite(snapshot?.atMs) || snapshot.atMs > deliveredMs + 1)
    return false;
  const { water, counters, reported, samples, leakPeaks } = snapshot;
  return (
    Array.isArray(faults) &&
    [water, counters, reported, samples, leakPeaks, water?.levelM, water?.links, water?.volumeM3, water?.pumps].every(
      (part) => typeof part === 'object' && part !== null,
    )
  );
}
