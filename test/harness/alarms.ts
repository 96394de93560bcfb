import { join } from 'node:path';
import { type AlarmDesk, createAlarmDesk } from '../../ingest/alarms/desk.ts';
import { type AlarmJournal, openAlarmJournal } from '../../ingest/alarms/journal.ts';
import { createDataFaults } from '../../ingest/data-faults.ts';
import type { Alarm, AlarmEvent } from '../../model/alarm.ts';
import { transition } from '../../model/alarm-lifecycle.ts';
import type { ConditionRaise } from '../../model/condition.ts';
import type { Plant } from '../../model/plant.ts';
import type { Rule } from '../../model/rule.ts';
import { silentLog, smallPlant } from './readings.ts';
import { temporaryFolder } from './server.ts';

/** The event of a condition that nothing explains. */
export function raiseEvent(condition: ConditionRaise): Extract<AlarmEvent, { kind: 'raise' }> {
  return { kind: 'raise', condition, suppressedBy: [], heldUntil: null };
}

/** Just raised, and told. */
export function raisedAlarm(condition: ConditionRaise): Alarm {
  const step = transition(undefined, raiseEvent(condition), condition.at);
  if (!step) throw new Error('no alarm');
  return step.alarm;
}

export interface TestDesk {
  readonly desk: AlarmDesk;
  readonly journal: AlarmJournal;
  readonly file: string;
  /** What people were told, oldest first: `telling key`. */
  readonly told: string[];
  /** How many alarms each message to people held. */
  readonly messages: number[];
}

export interface TestDeskOptions {
  readonly plant: Plant;
  /** Of an earlier one. */
  readonly file: string;
  readonly now: () => number;
  readonly rules: readonly Rule[];
}

/** A desk on a journal of its own, or on that of an earlier one. */
export function openDesk(options: Partial<TestDeskOptions> = {}): TestDesk {
  const { plant = smallPlant(), file = join(temporaryFolder(), 'alarms.db'), now = () => 0, rules = [] } = options;
  const journal = openAlarmJournal(file, { faults: createDataFaults(), now: () => 0 });
  const desk = createAlarmDesk(journal, { plant, rules, log: silentLog, now });
  const [told, messages]: [string[], number[]] = [[], []];
  desk.onAnnounce((announcements) => {
    messages.push(announcements.length);
    told.push(...announcements.map(({ tell, alarm }) => `${tell} ${alarm.key}`));
  });
  return { desk, journal, file, told, messages };
}

export const EVERYTHING = { activeOnly: false, from: 0, to: 1e15, limit: 10_000 };
export const ACTIVE = { ...EVERYTHING, activeOnly: true };
