/** Where the simulator was: how far its reports are acknowledged, and a village to go on from. */
import { open, readFile, rename } from 'node:fs/promises';
import type { TownSnapshot } from './town.ts';

const VERSION = 1;

export interface SimState {
  readonly seed: number;
  readonly site: string;
  /** Every report up to here is acknowledged. */
  readonly deliveredMs: number;
  /** Of a time not after `deliveredMs`. */
  readonly snapshot: TownSnapshot;
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

function isWhole({ deliveredMs, snapshot }: SimState): boolean {
  if (!Number.isFinite(deliveredMs) || !Number.isFinite(snapshot?.atMs) || snapshot.atMs > deliveredMs) return false;
  const { water, cabinetWh, told } = snapshot;
  return [water, cabinetWh, told, water?.levelM, water?.isOpen, water?.volumeM3, water?.pumps].every(
    (part) => typeof part === 'object' && part !== null,
  );
}
