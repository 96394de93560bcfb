/** Once a day everyone who is told of alarms hears how things stand. */
import type { Alarm } from '../../../model/alarm.ts';
import type { Person } from '../../../model/person.ts';
import type { AlarmDesk } from '../desk.ts';
import type { Ledger } from './ledger.ts';
import type { LocalTime } from './local-time.ts';
import { isMorning, type MorningFacts, morningOf } from './morning.ts';
import type { RunTimes } from './run-times.ts';
import type { Wording } from './wording.ts';

export interface GreeterOptions {
  /** Local time, `08:00`. */
  readonly morningAt: string;
  /** Names of those whose turn the configuration lays down. */
  readonly inTurns: ReadonlySet<string>;
}

export interface GreeterDependencies {
  readonly alarms: Pick<AlarmDesk, 'standing' | 'list'>;
  readonly ledger: Pick<Ledger, 'add' | 'pagesOf'>;
  readonly runTimes: Pick<RunTimes, 'gaps'>;
  readonly wording: Pick<Wording, 'morning'>;
  readonly now: () => number;
}

/** Raised longer ago, and over within the last day, is no news of the night. */
const RECENT_MS = 7 * 24 * 3_600_000;
const RECENT_AT_MOST = 10_000;

/** Returns what is to be called for whoever can be reached, with the time where they are. */
export function createGreeter(
  { morningAt, inTurns }: GreeterOptions,
  { alarms, ledger, runTimes, wording, now }: GreeterDependencies,
): (person: Person, time: LocalTime) => void {
  const isGreeted = ({ turn, morning, name }: Person): boolean => turn !== null || morning || inTurns.has(name);

  function greet(person: Person, date: string): void {
    const episode = `morning/${date}`;
    const earlier = ledger.pagesOf(episode).filter((page) => page.person === person.name);
    if (earlier.some(({ state }) => state !== 'doubtful')) return;
    const morning = morningOf(person, factsOf(date), earlier.length > 0);
    ledger.add({
      person: person.name,
      kind: 'morning',
      at: now(),
      isUrgent: false,
      content: wording.morning(person, morning),
      pages: [{ episode, round: 0, step: earlier.length, person: person.name }],
    });
  }

  function factsOf(date: string): MorningFacts {
    return { date, standing: alarms.standing(), recent: recent(), off: runTimes.gaps(), now: now() };
  }

  function recent(): readonly Alarm[] {
    return alarms.list({ activeOnly: false, from: now() - RECENT_MS, to: now() + 1, limit: RECENT_AT_MOST });
  }

  return (person, time) => {
    if (isGreeted(person) && isMorning(person, time, morningAt)) greet(person, time.date);
  };
}
