/** How often an episode was new to people, from the journal. */
import type { Alarm, JournalEntry, Telling } from '../../../model/alarm.ts';
import type { AlarmDesk } from '../desk.ts';
import type { ToldAlarm } from './policy.ts';

const NEWS: ReadonlySet<Telling | null> = new Set<Telling>(['raised', 'released', 'reminder']);

/** The journal is asked once after each change. */
export function createRounds(alarms: Pick<AlarmDesk, 'entriesOf' | 'onChange'>): (alarm: Alarm) => ToldAlarm {
  const known = new Map<string, ToldAlarm>();
  alarms.onChange(({ id }) => known.delete(id));
  return (alarm) => {
    const { id, state } = alarm;
    const told = known.get(id) ?? { alarm, ...roundOf(alarms.entriesOf(id)) };
    // What is over changes no more, and nobody would forget it.
    if (state !== 'normal') known.set(id, told);
    return told;
  };
}

function roundOf(entries: readonly JournalEntry[]): Omit<ToldAlarm, 'alarm'> {
  const news = entries.filter(({ told }) => NEWS.has(told));
  const isReleased = news.at(-1)?.told === 'released';
  const suppressed = isReleased ? entries.findLast(({ suppressors }) => suppressors.length > 0) : undefined;
  return { round: news.length, releasedFrom: suppressed?.suppressors[0] ?? null };
}
