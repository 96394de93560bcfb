/** The alarm about messages that reach nobody: whoever looks at the page is all that is left (contract 3.5). */
import type { AlarmDesk } from '../ingest/alarms/desk.ts';
import type { LedgerCounts } from '../ingest/alarms/notify/ledger.ts';
import { createServerWatch } from '../ingest/server-watch.ts';
import type { Log } from '../model/log.ts';

export interface NotifyWatchDependencies {
  readonly alarms: Pick<AlarmDesk, 'apply' | 'isActive'>;
  readonly now: () => number;
  readonly log: Log;
}

const WATCH_MS = 1_000;
/** A network or a modem that is away for less is mended by trying again. */
const FAILING_MS = 3_600_000;

/** Returns how to stop. */
export function startNotifyWatch(
  counts: () => Pick<LedgerCounts, 'retrying' | 'sent' | 'failed'>,
  { alarms, now, log }: NotifyWatchDependencies,
): () => void {
  const uptimeMs = (): number => performance.now();
  let well = counts();
  let wellAtMs = uptimeMs();

  /** One that goes out shows that others can; where none is tried, as while people sleep, there is nothing to tell. */
  function isFailing(wasActive: boolean): boolean {
    const latest = counts();
    const isTried = latest.retrying > 0 || latest.failed > well.failed;
    if (latest.sent > well.sent || !isTried) {
      well = latest;
      wellAtMs = uptimeMs();
      return false;
    }
    return wasActive || uptimeMs() - wellAtMs >= FAILING_MS;
  }

  const watching = setInterval(
    createServerWatch({ 'notify-failing': isFailing }, { alarms, now, uptimeMs, log }),
    WATCH_MS,
  );
  return () => clearInterval(watching);
}
