/** Watches over the server itself, once a second: what is wrong with it is an alarm like any other (contract 3.5). */
import type { Log } from '../model/log.ts';
import { raiseOfServer, SERVER_CONDITIONS, type ServerConditionId } from '../model/server-condition.ts';
import type { AlarmDesk } from './alarms/desk.ts';

export interface ServerWatchDependencies {
  readonly alarms: Pick<AlarmDesk, 'apply' | 'isActive'>;
  /** Epoch ms. */
  readonly now: () => number;
  readonly uptimeMs: () => number;
  readonly log: Log;
}

/** Whether a condition holds, given whether it did; null: it cannot be told, and nothing changes. */
export type ServerFacts<Id extends ServerConditionId> = Readonly<Record<Id, (wasActive: boolean) => boolean | null>>;

/** A disk that is full now and then, or a clock on the edge, must not open alarm after alarm. */
const OFF_DELAY_MS = 10_000;

/** Returns the look at all facts, to be taken once a second. */
export function createServerWatch<Id extends ServerConditionId>(
  facts: ServerFacts<Id>,
  dependencies: ServerWatchDependencies,
): () => void {
  const { alarms, now, uptimeMs, log } = dependencies;
  /** Since when an active condition has not held, in uptime. */
  const overSince = new Map<Id, number>();

  function judge(id: Id): void {
    const isActive = alarms.isActive(id);
    const holds = facts[id](isActive);
    if (holds === null) return;
    if (holds === isActive) {
      overSince.delete(id);
    } else if (holds) {
      alarms.apply(raiseOfServer(id, now()));
      log.warn({ condition: id }, SERVER_CONDITIONS.get(id)?.title.en ?? id);
    } else if (isOver(id)) {
      alarms.apply({ kind: 'return', key: id, at: now(), isHistorical: false });
      log.info({ condition: id }, 'over');
    }
  }

  function isOver(id: Id): boolean {
    const since = overSince.get(id) ?? uptimeMs();
    overSince.set(id, since);
    return uptimeMs() - since >= OFF_DELAY_MS;
  }

  const ids = Object.keys(facts) as Id[];
  return () => ids.forEach(judge);
}
