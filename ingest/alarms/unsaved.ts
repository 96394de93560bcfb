/** Alarms on their way into the journal: a full disk must not keep one from people, least of all the one that says so. */
import type { Alarm } from '../../model/alarm.ts';
import type { Log } from '../../model/log.ts';
import type { AlarmJournal } from './journal.ts';

export interface UnsavedCounts {
  /** Alarms that the journal could not take so far; they are tried again. */
  readonly unsaved: number;
  /** Of those, given up since the start because there were too many. */
  readonly dropped: number;
}

export interface Unsaved {
  add(alarm: Alarm): void;
  /** Saves what the journal takes, the oldest first; the rest stays. */
  save(): void;
  has(id: string): boolean;
  alarms(): readonly Alarm[];
  counts(): UnsavedCounts;
}

const MAX_ALARMS = 1_000;

export function createUnsaved(journal: Pick<AlarmJournal, 'save'>, log: Log): Unsaved {
  /** By id: of an episode only the latest state. */
  const waiting = new Map<string, Alarm>();
  let isFailing = false;
  let dropped = 0;

  /** What is over goes before what is open. */
  function dropOne(): void {
    const alarms = [...waiting.values()];
    const victim = alarms.find(({ state }) => state === 'normal') ?? alarms[0];
    if (victim) waiting.delete(victim.id);
    dropped++;
  }

  function save(): void {
    try {
      for (const alarm of waiting.values()) {
        journal.save(alarm);
        waiting.delete(alarm.id);
      }
      if (isFailing) log.info({ dropped }, 'alarms can be saved again');
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.error({ err: error }, 'alarms cannot be saved; they are kept in memory and tried again');
      isFailing = true;
    }
  }

  return {
    add(alarm) {
      waiting.set(alarm.id, alarm);
      if (waiting.size > MAX_ALARMS) dropOne();
    },
    save,
    has: (id) => waiting.has(id),
    alarms: () => [...waiting.values()],
    counts: () => ({ unsaved: waiting.size, dropped }),
  };
}
