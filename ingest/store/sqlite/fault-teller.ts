/** Damage as the threads know it, by numbers, as faults for people, by names. */

import { basename } from 'node:path';
import { repairCommand } from '../../../link/repair-command.ts';
import type { DataFault } from '../../../model/data-fault.ts';
import type { Damage } from './damage.ts';
import type { SeriesRow } from './protocol.ts';

export interface FaultTeller {
  tell(damage: readonly Damage[]): void;
  /** Of a query that had no answer, where damage is why; says whether it is. */
  tellUnreadable(error: Error & { readonly code?: string }, series: number): boolean;
}

interface Options {
  /** Path of the database. */
  readonly file: string;
  readonly seriesOf: (id: number) => SeriesRow | undefined;
  readonly onFault: (fault: DataFault) => void;
}

const remedy = (file: string): string => `Stop the server and run: ${repairCommand(file)}, or put a backup back.`;

export function createFaultTeller({ file, seriesOf, onFault }: Options): FaultTeller {
  function tellOne({ series, from, to, reason, foundAt }: Damage): void {
    const of = series === null ? undefined : seriesOf(series);
    onFault({
      file: basename(file),
      kind: 'damaged',
      // One of a thread that could not open it says file and remedy itself.
      detail: reason.startsWith(file) ? `${reason}.` : `${file}: ${reason}. ${remedy(file)}`,
      at: foundAt,
      ...(of && { device: of.device, metric: of.metric }),
      ...(from !== null && to !== null && { fromTs: from, toTs: to }),
    });
  }

  return {
    tell: (damage) => damage.forEach(tellOne),
    tellUnreadable({ code, message }, series) {
      if (code !== 'ERR_STORE_DAMAGED') return false;
      tellOne({ series, from: null, to: null, reason: message, foundAt: Date.now() });
      return true;
    },
  };
}
