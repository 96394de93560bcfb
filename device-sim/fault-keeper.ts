/** Faults that are put while the village runs: saved first, so that a crash after it contradicts nothing that was sent. */
import type { SimFault } from '../model/sim-fault.ts';
import { SimulatedFaultError } from './faults.ts';
import type { Town } from './town.ts';

/** A fault to be put; without a time it begins now. */
export type NewFault = Omit<SimFault, 'fromMs'> & { readonly fromMs?: number | undefined };

/** A fault that was not put, since it would not have outlived a crash; `code` is stable. */
class FaultNotSavedError extends Error {
  readonly code = 'not-saved';
}

/** Both are to be called while the village stands still. */
export interface FaultKeeper {
  put(fault: NewFault): Promise<SimFault>;
  end(id: string): Promise<SimFault>;
}

/** `save` is given all faults, and rejects where they cannot be saved: then the fault is not put. */
export function createFaultKeeper(
  town: Pick<Town, 'nowMs' | 'faults' | 'checked' | 'put'>,
  save: (faults: readonly SimFault[]) => Promise<void>,
): FaultKeeper {
  async function put(fault: NewFault): Promise<SimFault> {
    const checked = town.checked({ ...fault, fromMs: fault.fromMs ?? town.nowMs });
    await save([...town.faults().filter(({ id }) => id !== checked.id), checked]).catch((cause: Error) => {
      throw new FaultNotSavedError(`the fault cannot be saved, and so stays as it was: ${cause.message}`, { cause });
    });
    return town.put(checked);
  }

  return {
    put,
    async end(id) {
      const fault = town.faults().find((each) => each.id === id);
      if (!fault) throw new SimulatedFaultError({ ...NO_FAULT, id }, `there is no fault "${id}"`);
      return put({ ...fault, toMs: Math.max(fault.fromMs, town.nowMs) });
    },
  };
}

const NO_FAULT: SimFault = { id: '', kind: '', target: '', metric: null, fromMs: 0, toMs: null, sizes: {} };
