/** Alarms on their way into the journal: a full disk must not keep one from people, least of all the one that says so. */
import type { Alarm, JournalEntry } from '../../model/alarm.ts';
import type { Log } from '../../model/log.ts';
import type { AlarmJournal, AlarmWrite } from './journal.ts';

export interface UnsavedCounts {
  /** Alarms that the journal could not take so far; they are tried again. */
  readonly unsaved: number;
  /** Of those, given up since the start because there were too many. */
  readonly dropped: number;
}

export interface Unsaved {
  add(alarm: Alarm, entry: JournalEntry | null): void;
  /** Saves what the journal takes, the oldest first; the rest stays. */
  save(): void;
  get(id: string): Alarm | undefined;
  entriesOf(id: string): readonly JournalEntry[];
  alarms(): readonly Alarm[];
  counts(): UnsavedCounts;
}

const MAX_ALARMS = 1_000;
/** Of one alarm: somebody who shelves and unshelves while the disk is full. */
const MAX_ENTRIES = 100;
/** Alarms a transaction: one sync for so many. */
const AT_ONCE = 500;

export function createUnsaved(journal: Pick<AlarmJournal, 'save'>, log: Log): Unsaved {
  /** By id: of an episode the latest state, and all that happened. */
  const waiting = new Map<string, AlarmWrite>();
  let isFailing = false;
  let dropped = 0;

  /** What is over goes before what is open. */
  function dropOne(): void {
    const writes = [...waiting.values()];
    const victim = writes.find(({ alarm }) => alarm.state === 'normal') ?? writes[0];
    if (victim) waiting.delete(victim.alarm.id);
    dropped++;
  }

  function save(): void {
    try {
      while (waiting.size > 0) {
        const group = [...waiting.values()].slice(0, AT_ONCE);
        journal.save(group);
        for (const { alarm } of group) waiting.delete(alarm.id);
      }
      if (isFailing) log.info({ dropped }, 'alarms can be saved again');
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.error({ err: error }, 'alarms cannot be saved; they are kept in memory and tried again');
      isFailing = true;
    }
  }

  return {
    add(alarm, entry) {
      const before = waiting.get(alarm.id)?.entries ?? [];
      waiting.set(alarm.id, { alarm, entries: entry ? [...before, entry].slice(-MAX_ENTRIES) : before });
      if (waiting.size <= MAX_ALARMS) return;
      if (!isFailing) save();
      if (waiting.size > MAX_ALARMS) dropOne();
    },
    save,
    get: (id) => waiting.get(id)?.alarm,
    entriesOf: (id) => waiting.get(id)?.entries ?? [],
    alarms: () => [...waiting.values()].map(({ alarm }) => alarm),
    counts: () => ({ unsaved: waiting.size, dropped }),
  };
}
