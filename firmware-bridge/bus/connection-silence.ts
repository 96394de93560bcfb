import type { ReadResult } from './modbus-bus.ts';

/** A connection may be dead without either side having heard of it: nobody answers on it. */
export interface ConnectionSilence {
  /** True: it is to be begun anew. */
  isTooLong(unit: number, result: ReadResult): boolean;
}

const SILENT_READS = 5;

export function createConnectionSilence(): ConnectionSilence {
  /** Units that answered when they were asked last. */
  const answering = new Set<number>();
  let silentReads = 0;

  return {
    isTooLong(unit, result) {
      const failure = result.ok ? null : result.failure;
      if (failure !== 'timeout') {
        silentReads = 0;
        if (failure === 'closed') answering.clear();
        else answering.add(unit);
        return false;
      }
      // Of a unit that was silent before, silence is no news as long as others answer.
      if (answering.size === 0 || answering.delete(unit)) silentReads++;
      if (silentReads < SILENT_READS) return false;
      silentReads = 0;
      return true;
    },
  };
}
