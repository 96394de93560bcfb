/** Who is to be told what, and when: pure, from what stands, what has been told, and who there is. */
import { type Alarm, isMuted } from '../../../model/alarm.ts';
import type { Person } from '../../../model/person.ts';
import { PRIORITIES, type Priority } from '../../../model/rule.ts';

/** The first telling, its repeats, or that it is over before anybody acknowledged it. */
type PageStep = number | 'cleared';

/** An alarm that people have been told of by the desk. */
export interface ToldAlarm {
  readonly alarm: Alarm;
  /** How often it was new to people: an acknowledged one that is not over asks anew. */
  readonly round: number;
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
  /** `open`: on its way, perhaps for long. `failed`: it will never reach them. `dropped`: it had lost its point. */
  readonly state: 'open' | 'sent' | 'failed' | 'dropped';
}

export interface DuePage {
  readonly told: ToldAlarm;
  readonly step: PageStep;
  readonly person: Person;
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
  const pages = situation.pagesOf(alarm.id).filter((page) => page.round === round);
  if (alarm.state === 'returned-unacknowledged') return duesOfCleared(told, pages, situation);
  if (alarm.state !== 'unacknowledged') return [];
  if (alarm.priority === 'critical') return critical(told, pages, { chain, now: situation.now });
  return alarm.priority === 'high' ? high(told, pages, { chain, awake: situation.awake }) : [];
}

const isTold = (alarm: Alarm): boolean => alarm.isAnnounced && !alarm.isHistorical && !isMuted(alarm);

/** One person after the other, each four times, until somebody acknowledges. Whoever cannot be reached is passed over. */
function critical(
  told: ToldAlarm,
  pages: readonly Page[],
  { chain, now }: { chain: readonly Person[]; now: number },
): readonly DuePage[] {
  if (pages.some(({ state, at }) => (state === 'open' || state === 'sent') && isLess(now - at))) return [];
  for (const person of chain) {
    const own = pages.filter((page) => page.person === person.name);
    const isOutOfReach = own.some(({ state }) => state === 'open' || state === 'failed');
    if (!isOutOfReach && own.length < PAGES_EACH) return [{ told, step: own.length, person }];
  }
  return [];
}

/** A clock that was set back must not silence a repeat. */
const isLess = (passedMs: number): boolean => Math.abs(passedMs) < REPEAT_MS;

/** Once, to the first for whom it is a time to be told. */
function high(
  told: ToldAlarm,
  pages: readonly Page[],
  { chain, awake }: { chain: readonly Person[]; awake: ReadonlySet<string> },
): readonly DuePage[] {
  if (pages.some(({ state }) => state === 'open' || state === 'sent')) return [];
  const failed = new Set(pages.filter(({ state }) => state === 'failed').map(({ person }) => person));
  const person = chain.find(({ name }) => awake.has(name) && !failed.has(name));
  return person ? [{ told, step: pages.filter((page) => page.person === person.name).length, person }] : [];
}

/** Whoever was told that it began is told, once, that it is over. */
function duesOfCleared(told: ToldAlarm, pages: readonly Page[], { people, awake }: Situation): readonly DuePage[] {
  const informed = new Set(pages.filter(({ state }) => state === 'sent').map(({ person }) => person));
  const over = new Set(pages.filter(({ step }) => step === 'cleared').map(({ person }) => person));
  const isUrgent = told.alarm.priority === 'critical';
  return people
    .filter(({ name }) => informed.has(name) && !over.has(name) && (isUrgent || awake.has(name)))
    .map((person) => ({ told, step: 'cleared', person }));
}

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

function wants({ leastPriority }: Person, priority: Priority): boolean {
  return PRIORITIES.indexOf(priority) <= PRIORITIES.indexOf(leastPriority);
}

/** Whether a page still asks something of its person; a later one of the same episode says it better. */
export function isPointless(page: PageKey, told: ToldAlarm | undefined, pages: readonly Page[]): boolean {
  if (!told || !isTold(told.alarm) || told.round !== page.round) return true;
  const wanted = page.step === 'cleared' ? 'returned-unacknowledged' : 'unacknowledged';
  if (told.alarm.state !== wanted) return true;
  const { step, person } = page;
  return pages.some((p) => p.round === page.round && p.person === person && isLater(p.step, step));
}

const isLater = (a: PageStep, b: PageStep): boolean => typeof a === 'number' && typeof b === 'number' && a > b;
