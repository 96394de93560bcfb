/** The alarm desk: turns changes of condition into alarms, saved first where they can be, then announced. */
import { type Alarm, type AlarmQuery, type ConditionChange, transition } from '../../model/alarm.ts';
import type { Log } from '../../model/log.ts';
import type { AlarmJournal } from './journal.ts';
import { createUnsaved, type UnsavedCounts } from './unsaved.ts';

export interface AlarmDesk {
  apply(change: ConditionChange): void;
  isActive(conditionKey: string): boolean;
  /** Keys of the conditions that are active. */
  activeKeys(): readonly string[];
  /** Newest first. */
  list(query: AlarmQuery): readonly Alarm[];
  onChange(listener: (alarm: Alarm) => void): () => void;
  /** Tries again what the journal could not take. */
  saveUnsaved(): void;
  health(): UnsavedCounts;
}

export function createAlarmDesk(journal: AlarmJournal, log: Log): AlarmDesk {
  const active = new Map(journal.active().map((alarm) => [alarm.key, alarm]));
  const unsaved = createUnsaved(journal, log);
  const listeners = new Set<(alarm: Alarm) => void>();

  return {
    apply(change) {
      const alarm = transition(active.get(change.key), change);
      if (!alarm) return;
      unsaved.add(alarm);
      unsaved.save();
      if (alarm.state === 'normal') active.delete(change.key);
      else active.set(change.key, alarm);
      for (const listener of listeners) listener(alarm);
    },
    isActive: (conditionKey) => active.has(conditionKey),
    activeKeys: () => [...active.keys()],
    list(query) {
      // What is open is known here, also where the journal cannot be read.
      if (query.activeOnly) return select([...active.values()], query);
      const saved = journal.list(query).filter(({ id }) => !unsaved.has(id));
      return select([...saved, ...unsaved.alarms()], query);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    saveUnsaved: unsaved.save,
    health: unsaved.counts,
  };
}

function select(alarms: readonly Alarm[], { from, to, site, priority, limit }: AlarmQuery): readonly Alarm[] {
  return alarms
    .filter(({ raisedAt }) => raisedAt >= from && raisedAt < to)
    .filter((alarm) => site === undefined || alarm.site === null || alarm.site === site)
    .filter((alarm) => priority === undefined || alarm.priority === priority)
    .toSorted((a, b) => b.raisedAt - a.raisedAt)
    .slice(0, limit);
}
