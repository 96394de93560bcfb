/** The alarm desk: turns changes of condition into alarms, saved first, then announced. */
import { type Alarm, type AlarmQuery, type ConditionChange, transition } from '../../model/alarm.ts';
import type { AlarmJournal } from './journal.ts';

export interface AlarmDesk {
  apply(change: ConditionChange): void;
  isActive(conditionKey: string): boolean;
  /** Keys of the conditions that are active. */
  activeKeys(): readonly string[];
  list(query: AlarmQuery): readonly Alarm[];
  onChange(listener: (alarm: Alarm) => void): () => void;
}

export function createAlarmDesk(journal: AlarmJournal): AlarmDesk {
  const active = new Map(journal.active().map((alarm) => [alarm.key, alarm]));
  const listeners = new Set<(alarm: Alarm) => void>();

  function apply(change: ConditionChange): void {
    const alarm = transition(active.get(change.key), change);
    if (!alarm) return;
    journal.save(alarm);
    if (alarm.state === 'normal') active.delete(change.key);
    else active.set(change.key, alarm);
    for (const listener of listeners) listener(alarm);
  }

  return {
    apply,
    isActive: (conditionKey) => active.has(conditionKey),
    activeKeys: () => [...active.keys()],
    list: (query) => journal.list(query),
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
