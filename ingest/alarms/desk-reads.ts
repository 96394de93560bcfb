/** What the desk answers: what stands is known at hand, the past is in the journal, and some of it waits to be saved. */
import { type Alarm, type AlarmQuery, isMuted, type JournalEntry } from '../../model/alarm.ts';
import { type AlarmQuality, alarmQuality, type QualityQuestion } from '../../model/alarm-quality.ts';
import type { AlarmJournal } from './journal.ts';
import type { Standings } from './standings.ts';
import type { Unsaved } from './unsaved.ts';

export interface DeskReads {
  /** Whether the condition holds. */
  isActive(conditionKey: string): boolean;
  /** Keys of the conditions that hold. */
  activeKeys(): readonly string[];
  /** All that are at hand: open, shelved or out of service. */
  standing(): readonly Alarm[];
  /** Newest first. */
  list(query: AlarmQuery): readonly Alarm[];
  get(id: string): Alarm | undefined;
  entriesOf(id: string): readonly JournalEntry[];
  /** Ids of the alarms at hand that an alarm or a work suppresses, by its id. */
  children(): ReadonlyMap<string, readonly string[]>;
  quality(question: QualityQuestion): AlarmQuality;
}

export function createDeskReads(journal: AlarmJournal, standings: Standings, unsaved: Unsaved): DeskReads {
  return {
    isActive: (conditionKey) => isHolding(standings.get(conditionKey)),
    activeKeys: () =>
      standings
        .all()
        .filter(isHolding)
        .map(({ key }) => key),
    standing: standings.all,
    list(query) {
      // What is open is known here, also where the journal cannot be read.
      if (query.activeOnly || query.mutedOnly) return select(standings.all(), query);
      const saved = journal.list(query).filter(({ id }) => !unsaved.get(id));
      return select([...saved, ...unsaved.alarms()], query);
    },
    get: (id) => standings.byId(id) ?? unsaved.get(id) ?? journal.get(id),
    entriesOf: (id) => [...journal.entriesOf(id), ...unsaved.entriesOf(id)],
    children: () => childrenOf(standings.all()),
    quality(question) {
      const { from, to } = question;
      return alarmQuality(journal.announced(from, to), journal.episodes(from, to), question);
    },
  };
}

const isHolding = (alarm: Alarm | undefined): boolean =>
  alarm !== undefined && alarm.state !== 'normal' && alarm.clearedAt === null;

function select(alarms: readonly Alarm[], query: AlarmQuery): readonly Alarm[] {
  const { activeOnly, mutedOnly = false, from, to, site, priority, limit } = query;
  return alarms
    .filter((alarm) => (!activeOnly || alarm.state !== 'normal') && (!mutedOnly || isMuted(alarm)))
    .filter(({ raisedAt }) => raisedAt >= from && raisedAt < to)
    .filter((alarm) => site === undefined || alarm.site === null || alarm.site === site)
    .filter((alarm) => priority === undefined || alarm.priority === priority)
    .toSorted((a, b) => b.raisedAt - a.raisedAt)
    .slice(0, limit);
}

function childrenOf(alarms: readonly Alarm[]): ReadonlyMap<string, readonly string[]> {
  const pairs = alarms.flatMap(({ id, suppressedBy }) => suppressedBy.map((parent) => ({ parent, id })));
  const byParent = Map.groupBy(pairs, ({ parent }) => parent);
  return new Map([...byParent].map(([parent, children]) => [parent, children.map(({ id }) => id)]));
}
