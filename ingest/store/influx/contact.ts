/** How we stand with the server: what is wrong now, since when, told to the log once. */
import type { Log } from '../../../model/log.ts';

/** Taking readings and answering questions fail apart: a bucket may be written to and have no mapping for reading. */
type Side = 'write' | 'read';

export interface Contact {
  failed(side: Side, reason: string): void;
  works(side: Side): void;
  /** Null while all is well. */
  reason(): string | null;
  /** 0 while all is well. */
  unreachableMs(): number;
}

export interface ContactDependencies {
  readonly log: Log;
  /** Goes on evenly, whatever happens to the clock. */
  readonly uptimeMs: () => number;
}

/** Reasons in the log for one outage, where they come in turn. */
const MAX_TOLD = 10;

export function createContact({ log, uptimeMs }: ContactDependencies): Contact {
  const troubles = new Map<Side, string>();
  /** Of this outage. */
  const told = new Set<string>();
  let sinceMs = 0;

  const reason = (): string | null => troubles.get('write') ?? troubles.get('read') ?? null;

  return {
    failed(side, text) {
      if (troubles.size === 0) sinceMs = uptimeMs();
      troubles.set(side, text);
      if (told.has(text) || told.size === MAX_TOLD) return;
      told.add(text);
      log.warn(
        { reason: text },
        side === 'write' ? 'InfluxDB takes no readings; they wait here' : 'InfluxDB cannot be read',
      );
    },
    works(side) {
      if (!troubles.delete(side) || troubles.size > 0) return;
      told.clear();
      log.info({ afterS: Math.round((uptimeMs() - sinceMs) / 1_000) }, 'InfluxDB is there again');
    },
    reason,
    unreachableMs: () => (troubles.size === 0 ? 0 : uptimeMs() - sinceMs),
  };
}
