/** What the journal says of an event. */
import type { AlarmEvent, JournalEntry } from '../../model/alarm.ts';
import type { Step } from '../../model/alarm-lifecycle.ts';
import type { ConditionChange } from '../../model/condition.ts';

export function entryOf(event: AlarmEvent, { alarm, tell }: Step, now: number): JournalEntry {
  return {
    alarm: alarm.id,
    kind: event.kind,
    at: timeOf(event) ?? now,
    seenAt: now,
    by: 'by' in event ? event.by : null,
    note: noteOf(event),
    until: event.kind === 'shelve' ? event.until : null,
    suppressors: event.kind === 'suppress' ? event.suppressors : event.kind === 'raise' ? event.suppressedBy : [],
    state: alarm.state,
    told: tell,
  };
}

export function pastEntryOf({ kind, at }: ConditionChange, { alarm }: Step, now: number): JournalEntry {
  const about = { by: null, note: null, until: null, suppressors: [], state: alarm.state, told: null };
  return { alarm: alarm.id, kind, at, seenAt: now, ...about };
}

function timeOf(event: AlarmEvent): number | undefined {
  if (event.kind === 'raise') return event.condition.at;
  return event.kind === 'return' ? event.at : undefined;
}

function noteOf(event: AlarmEvent): string | null {
  if ('note' in event) return event.note;
  return 'reason' in event ? event.reason : null;
}
