/** What the next start goes on from: how far the village is acknowledged, and its faults. */
import type { SimFault } from '../model/sim-fault.ts';
import type { Clock } from './clock.ts';
import type { SimFiles } from './sim-files.ts';
import type { SimState } from './state-file.ts';
import type { Town } from './town.ts';

const SAVE_EVERY_MS = 60_000;

export interface StateKeeper {
  /** Everything up to the village's present is acknowledged. */
  acknowledge(): void;
  /** Where the disk refuses, the next start sends more of it again. */
  save(): Promise<void>;
  /** Whether it is long since it was saved. */
  isDue(): boolean;
  /** Before a change of faults is made. Rejects where it cannot be saved: then the change is not to be made. */
  saveWith(faults: readonly SimFault[]): Promise<void>;
}

export function createStateKeeper(
  town: Pick<Town, 'nowMs' | 'snapshot' | 'faults'>,
  identity: Pick<SimState, 'seed' | 'site' | 'beginMs'>,
  { files, clock }: { readonly files: SimFiles; readonly clock: Clock },
): StateKeeper {
  let acknowledged: Pick<SimState, 'deliveredMs' | 'snapshot'> | null = null;
  /** While they are being saved, those to come: a save of the state behind it must not take them back. */
  let faults: readonly SimFault[] | null = null;
  let savedAtMs = 0;

  function state(): SimState {
    if (!acknowledged) throw new Error('the village has not begun');
    return { ...identity, ...acknowledged, faults: faults ?? town.faults() };
  }

  return {
    acknowledge() {
      acknowledged = { deliveredMs: town.nowMs, snapshot: town.snapshot() };
    },
    async save() {
      savedAtMs = clock.now();
      if (acknowledged) await files.save(state);
    },
    isDue: () => clock.now() - savedAtMs >= SAVE_EVERY_MS,
    async saveWith(wanted) {
      faults = wanted;
      try {
        await files.write(state);
      } catch (error) {
        faults = null;
        throw error;
      }
    },
  };
}
