/** Readings that have waited for too long are dropped, and counted by the outbox. */
import type { Outbox } from '../../link/outbox.ts';
import type { Log } from '../../model/log.ts';
import type { BridgeClock } from '../clock.ts';
import type { Datings } from './datings.ts';
import { decodeEntry } from './entry.ts';

export interface AgeLimitParts {
  readonly outbox: Pick<Outbox, 'peekAfter' | 'drop'>;
  readonly clock: BridgeClock;
  readonly datings: Datings;
  readonly log: Log;
}

const EVERY_MS = 600_000;
const PEEK = { id: 0, maxItems: 2_000, maxBytes: 256 * 1024 };

/** Resolves once it has been stopped. */
export async function keepAgeLimit(maxAgeMs: number, parts: AgeLimitParts, stopping: AbortSignal): Promise<void> {
  const { clock, log } = parts;
  while (!stopping.aborted) {
    await clock.sleep(EVERY_MS, stopping);
    if (stopping.aborted) return;
    await dropOld(maxAgeMs, parts).catch((error: Error) =>
      log.warn({ reason: error.message }, 'old readings cannot be dropped'),
    );
  }
}

async function dropOld(maxAgeMs: number, { outbox, datings, log }: AgeLimitParts): Promise<void> {
  await datings.update();
  for (;;) {
    const entries = await outbox.peekAfter(PEEK);
    const tooOld = entries.findLastIndex(({ data }) => (datings.ageOf(decodeEntry(data).time) ?? 0) > maxAgeMs);
    const last = entries[tooOld];
    if (!last) return;
    log.warn({ maxAgeMs }, 'readings have waited for too long and are dropped');
    await outbox.drop(last.id);
    if (tooOld < entries.length - 1) return;
  }
}
