/** The book of planned works and excuses (contract 3.10). */
import { randomUUID } from 'node:crypto';
import type { NewWork, Work } from '../../model/work.ts';
import type { AlarmJournal } from './journal.ts';
import { LONGEST_SETTLE_MS } from './suppress.ts';

export interface Works {
  /** Those that explain alarms now, or did until a while ago. */
  current(): readonly Work[];
  /** Those that are not over at a time, the soonest to end first. */
  list(endingAfter: number): readonly Work[];
  /** Throws where it cannot be saved: a person waits for the answer. */
  add(work: NewWork): Work;
  /** Null: there is none, or it is over. */
  cancel(id: string, by: string): Work | null;
}

export function createWorks(journal: Pick<AlarmJournal, 'putWork' | 'works'>, now: () => number): Works {
  const known = new Map(journal.works(now() - LONGEST_SETTLE_MS).map((work) => [work.id, work]));

  function put(work: Work): Work {
    journal.putWork(work);
    known.set(work.id, work);
    return work;
  }

  return {
    current() {
      for (const { id, to } of known.values()) if (to < now() - LONGEST_SETTLE_MS) known.delete(id);
      return [...known.values()].filter(({ from, cancelled }) => from <= now() && cancelled === null);
    },
    list: journal.works,
    add: (work) => put({ ...work, id: `work-${randomUUID()}`, at: now(), cancelled: null }),
    cancel(id, by) {
      const work = known.get(id);
      if (!work || work.cancelled !== null || work.to <= now()) return null;
      return put({ ...work, cancelled: { by, at: now() } });
    },
  };
}
