/** The alarms at hand: what is open or muted, one a condition, and what ended a while ago and may still explain others. */
import { type Alarm, isOpenPast, isStanding } from '../../model/alarm.ts';
import type { AlarmJournal } from './journal.ts';
import { isParent } from './subject.ts';
import { indexParents, LONGEST_SETTLE_MS, type Parents } from './suppress.ts';

export interface Standings {
  get(conditionKey: string): Alarm | undefined;
  /** Also one that ended a while ago. */
  byId(id: string): Alarm | undefined;
  all(): readonly Alarm[];
  /** The episode of the past whose end has not come. */
  past(conditionKey: string): Alarm | undefined;
  put(alarm: Alarm): void;
  parents(): Parents;
  /** Drops what ended too long ago. */
  forget(now: number): void;
}

export function createStandings(journal: Pick<AlarmJournal, 'open' | 'clearedSince'>, now: number): Standings {
  const standing = new Map<string, Alarm>();
  const pasts = new Map<string, Alarm>();
  /** Ended parents, by id. */
  const ended = new Map<string, Alarm>();
  const ids = new Map<string, Alarm>();
  let parents: Parents | null = null;

  function put(alarm: Alarm): void {
    const { key, id } = alarm;
    if (alarm.isHistorical) {
      if (isOpenPast(alarm)) pasts.set(key, alarm);
      else pasts.delete(key);
      return;
    }
    if (isParent(alarm)) {
      parents = null;
      if (alarm.clearedAt !== null) ended.set(id, alarm);
    }
    // Its count of children may still grow after it has ended, and must not bring it back.
    const other = standing.get(key);
    if (other && other.id !== id && !isStanding(alarm)) return;
    if (other && other.id !== id) ids.delete(other.id);
    if (isStanding(alarm)) {
      standing.set(key, alarm);
      ids.set(id, alarm);
    } else {
      standing.delete(key);
      ids.delete(id);
    }
  }

  for (const alarm of journal.clearedSince(now - LONGEST_SETTLE_MS)) if (isParent(alarm)) put(alarm);
  for (const alarm of journal.open()) put(alarm);

  return {
    get: (conditionKey) => standing.get(conditionKey),
    byId: (id) => ids.get(id) ?? ended.get(id),
    all: () => [...standing.values()],
    past: (conditionKey) => pasts.get(conditionKey),
    put,
    parents() {
      parents ??= indexParents([...ended.values(), ...[...standing.values()].filter(isParent)]);
      return parents;
    },
    forget(nowMs) {
      for (const [id, { clearedAt }] of ended) {
        // By a clock that was ahead it ended in the future.
        if (Math.abs(nowMs - (clearedAt ?? 0)) <= LONGEST_SETTLE_MS) continue;
        ended.delete(id);
        parents = null;
      }
    },
  };
}
