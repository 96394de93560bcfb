/** Who is to be told what, and when: pure, from what stands, what has been told, and who there is. */
import { type Alarm, isMuted } from '../../../model/alarm.ts';
import type { Person } from '../../../model/person.ts';
import { PRIORITIES, type Priority } from '../../../model/rule.ts';

/** The first telling, its repeats, or that it is over. */
type PageStep = number | 'cleared';

/** An alarm that people have been told of by the desk. */
export interface ToldAlarm {
  readonly alarm: Alarm;
  /** How often it was new to people: one that is not over asks anew after a time. */
  readonly round: number;
  /** Id of what explained it until this round; null: nothing did. */
  readonly releasedFrom: string | null;
}

/** One step of an episode, told to one person. */
export interface PageKey {
  readonly episode: string;
  readonly round: number;
  readonly step: PageStep;
  readonly person: string;
}

export interface Page extends PageKey {
  /** When it was sent, or else decided; epoch ms. */
  readonly at: number;
  /**
   * `open`: on its way, perhaps for long. `doubtful`: the process ended meanwhile, and nobody knows whether it arrived.
   * `failed`: it will never reach them. `dropped`: it had lost its point.
   */
  readonly state: 'open' | 'sent' | 'doubtful' | 'failed' | 'dropped';
}

export interface DuePage {
  readonly told: ToldAlarm;
  readonly step: PageStep;
  readonly person: Person;
  /** Nobody knows whether they got the step before. */
  readonly isInDoubt: boolean;
}

export interface Situation {
  readonly alarms: readonly ToldAlarm[];
  /** Those that can be reached at all, in the order of their turn. */
  readonly people: readonly Person[];
  /** Sites where the configuration says who is told first, by name. */
  readonly turns: ReadonlyMap<string, readonly string[]>;
  /** Names of those for whom it is a time to be told of less than critical alarms. */
  readonly awake: ReadonlySet<string>;
  readonly pagesOf: (episode: string) => readonly Page[];
  readonly now: number;
}

const REPEAT_MS = 10 * 60_000;
/** The first telling and three repeats. */
const PAGES_EACH = 4;

export function pageKey({ episode, round, step, person }: PageKey): string {
  return `${episode}/${round}.${step}/${person}`;
}

export function duePages(situation: Situation): readonly DuePage[] {
  const chainOf = createChains(situation);
  return situation.alarms.flatMap((told) => duePagesOf(told, chainOf(told.alarm), situation));
}

function duePagesOf(told: ToldAlarm, chain: readonly Person[], situation: Situation): readonly DuePage[] {
  const { alarm, round } = told;
  if (!isTold(alarm)) return [];
  if (alarm.clearedAt !== null) return duesOfCleared(told, situation);
  if (alarm.state !== 'unacknowledged') return [];
  const pages = situation.pagesOf(alarm.id).filter((page) => page.round === round && page.step !== 'cleared');
  if (alarm.priority === 'critical') return critical(told, pages, { chain, now: situation.now });
  return alarm.priority === 'high' ? high(told, pages, { ...situation, chain }) : [];
}

const isTold = (alarm: Alarm): boolean => alarm.isAnnounced && !alarm.isHistorical && !isMuted(alarm);

/** One person after the other, each four times, until somebody acknowledges. Whoever cannot be reached is passed over. */
function critical(
  told: ToldAlarm,
  pages: readonly Page[],
  { chain, now }: { chain: readonly Person[]; now: number },
): readonly DuePage[] {
  const isUnderWay = pages.some(({ state, at }) => state !== 'failed' && state !== 'dropped' && isLess(now - at));
  return isUnderWay ? [] : nextStep(told, pages, chain);
}

/** A clock that was set back must not silence a repeat. */
const isLess = (passedMs: number): boolean => Math.abs(passedMs) < REPEAT_MS;

/** Once, to the first for whom it is a time to be told. Who cannot be reached for ten minutes, or sleeps by now, is passed over. */
function high(
  told: ToldAlarm,
  pages: readonly Page[],
  { chain, awake, now }: { chain: readonly Person[]; awake: ReadonlySet<string>; now: number },
): readonly DuePage[] {
  if (pages.some(({ state }) => state === 'sent')) return [];
  const isUnderWay = pages.some(({ state, at, person }) => state === 'open' && awake.has(person) && isLess(now - at));
  if (isUnderWay) return [];
  return nextStep(
    told,
    pages,
    chain.filter(({ name }) => awake.has(name)),
  );
}

/** To the first who can be reached and has not been told all steps. */
function nextStep(told: ToldAlarm, pages: readonly Page[], chain: readonly Person[]): readonly DuePage[] {
  for (const person of chain) {
    const own = pages.filter((page) => page.person === person.name);
    const isOutOfReach = own.some(({ state }) => state === 'open' || state === 'failed');
    const isAtEnd = own.filter(({ state }) => state !== 'dropped').length >= PAGES_EACH;
    if (isOutOfReach || isAtEnd) continue;
    return [{ told, step: own.length, person, isInDoubt: own.at(-1)?.state === 'doubtful' }];
  }
  return [];
}

/** Whoever was told of it is told, once, that it is over. */
function duesOfCleared(told: ToldAlarm, { people, awake, pagesOf }: Situation): readonly DuePage[] {
  const pages = pagesOf(told.alarm.id);
  const isUrgent = told.alarm.priority === 'critical';
  return people
    .filter(({ name }) => isUrgent || awake.has(name))
    .filter(({ name }) => awaitsEnd(pages.filter((page) => page.person === name)))
    .map((person) => ({ told, step: 'cleared', person, isInDoubt: false }));
}

function awaitsEnd(own: readonly Page[]): boolean {
  const informed = own.filter(({ state, step }) => step !== 'cleared' && (state === 'sent' || state === 'doubtful'));
  const over = own.filter(({ step }) => step === 'cleared');
  return lastRound(informed) > lastRound(over);
}

/** Rounds begin at 1. */
const lastRound = (pages: readonly Page[]): number => Math.max(0, ...pages.map(({ round }) => round));

/** Who is told, in order; found once for the alarms of a site and priority, since a storm brings thousands. */
function createChains({ people, turns }: Situation): (alarm: Alarm) => readonly Person[] {
  const known = new Map<string, readonly Person[]>();
  return ({ site, priority }) => {
    const key = `${site}/${priority}`;
    const chain = known.get(key) ?? inTurn(people, turns, site).filter((person) => wants(person, priority));
    known.set(key, chain);
    return chain;
  };
}

function inTurn(people: readonly Person[], turns: Situation['turns'], site: string | null): readonly Person[] {
  const names = site === null ? undefined : turns.get(site);
  if (names) return names.flatMap((name) => people.find((person) => person.name === name) ?? []);
  return people.filter((person) => person.turn !== null && concerns(person, site));
}

/** The server's own alarms are everybody's. */
export function concerns({ sites }: Person, site: string | null): boolean {
  return sites === null || site === null || sites.includes(site);
}

export function wants({ leastPriority }: Person, priority: Priority): boolean {
  return PRIORITIES.indexOf(priority) <= PRIORITIES.indexOf(leastPriority);
}

/** Whether a page still tells its person something; a later one of the same episode says it better. */
export function isPointless(page: PageKey, told: ToldAlarm | undefined, pages: readonly Page[]): boolean {
  if (!told || !isTold(told.alarm) || told.round !== page.round) return true;
  const { state, clearedAt, priority } = told.alarm;
  if (page.step === 'cleared') return clearedAt === null;
  if (state !== 'unacknowledged') return true;
  const others = pages.filter(({ round }) => round === page.round);
  // Once is enough: who was passed over need not hear of it any more.
  if (priority === 'high' && others.some((other) => other.state === 'sent' && other.person !== page.person))
    return true;
  return others.some(({ person, step }) => person === page.person && isLater(step, page.step));
}

const isLater = (a: PageStep, b: PageStep): boolean => typeof a === 'number' && typeof b === 'number' && a > b;
