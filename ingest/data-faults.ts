/** The list of what is wrong with the data folder: whoever finds damage notes it here, health and one alarm for each file tell of it. */
import type { DataFault } from '../model/data-fault.ts';
import { raiseOfServer, serverConditionKey } from '../model/server-condition.ts';
import type { AlarmDesk } from './alarms/desk.ts';

export interface DataFaultCounts {
  /** All that were noted. */
  readonly total: number;
  /** The first hundred of them. */
  readonly first: readonly DataFault[];
}

export interface DataFaults {
  /** The same fault may be noted again: of one kind, file, series and span it counts once. */
  note(fault: DataFault): void;
  /** A person has dealt with the faults of this file: with all of them, or those of some kinds. */
  clear(file: string, kinds?: readonly DataFault['kind'][]): void;
  counts(): DataFaultCounts;
  /** Names of the files with a fault. */
  files(): readonly string[];
}

/** More than this is only counted: a list that nobody reads to its end. */
const MAX_LISTED = 100;

export function createDataFaults(): DataFaults {
  const byFile = new Map<string, Map<string, DataFault>>();
  /** Faults beyond the list, by file. */
  const unlisted = new Map<string, number>();

  const listed = (): DataFault[] => [...byFile.values()].flatMap((faults) => [...faults.values()]);

  return {
    note(fault) {
      const ofFile = byFile.get(fault.file) ?? new Map<string, DataFault>();
      byFile.set(fault.file, ofFile);
      const { kind, device, metric, fromTs, toTs } = fault;
      const key = JSON.stringify([kind, device, metric, fromTs, toTs]);
      if (ofFile.has(key)) return;
      // The first fault of a file is always listed, so that no file is without a sentence.
      if (ofFile.size === 0 || listed().length < MAX_LISTED) ofFile.set(key, fault);
      else unlisted.set(fault.file, (unlisted.get(fault.file) ?? 0) + 1);
    },
    clear(file, kinds) {
      const left = [...(byFile.get(file) ?? [])].filter(([, { kind }]) => kinds && !kinds.includes(kind));
      if (left.length > 0) {
        byFile.set(file, new Map(left));
        return;
      }
      byFile.delete(file);
      unlisted.delete(file);
    },
    counts() {
      const first = listed();
      const beyond = [...unlisted.values()].reduce((sum, count) => sum + count, 0);
      return { total: first.length + beyond, first };
    },
    files: () => [...byFile.keys()],
  };
}

/** Returns the look to be taken once a second: it raises one alarm for each file with a fault, and ends those of files without. */
export function createDataFaultWatch({
  faults,
  alarms,
  now,
}: {
  readonly faults: Pick<DataFaults, 'files'>;
  readonly alarms: Pick<AlarmDesk, 'apply' | 'isActive' | 'activeKeys'>;
  /** Epoch ms. */
  readonly now: () => number;
}): () => void {
  const keyOf = (file: string): string => serverConditionKey('data-damaged', file);
  return () => {
    const files = new Map(faults.files().map((file) => [keyOf(file), file]));
    for (const [key, file] of files) {
      if (!alarms.isActive(key)) alarms.apply(raiseOfServer('data-damaged', now(), { part: file }));
    }
    for (const key of alarms.activeKeys()) {
      if (key.startsWith(keyOf('')) && !files.has(key))
        alarms.apply({ kind: 'return', key, at: now(), isHistorical: false });
    }
  };
}
