/** What a message says: what, where, what to do, how bad, since when. The place and the action come first, for SMS. */
import type { Alarm } from '../../../model/alarm.ts';
import { METRICS } from '../../../model/metric.ts';
import type { Person } from '../../../model/person.ts';
import type { Content } from './channels/channel.ts';
import { counted, FACTS_AT_MOST, moment, span } from './formats.ts';
import type { DueMessage } from './gather.ts';
import { byUrgency, type Morning } from './morning.ts';
import { createMorningWording } from './morning-wording.ts';
import { createNaming, type NamingContext } from './naming.ts';
import { type Language, PHRASES, type Phrases } from './phrases.ts';
import type { DuePage } from './policy.ts';

export interface Wording {
  message(due: DueMessage): Content;
  morning(person: Person, morning: Morning): Content;
}

export interface WordingContext extends NamingContext {
  /** Where people live. */
  readonly timeZone: string;
}

export function createWording(context: WordingContext): Wording {
  const { timeZone } = context;
  const naming = createNaming(context);
  const { textsFor, title, siteName, place } = naming;

  function page({ told, step, person, isInDoubt }: DuePage): Content {
    const { alarm } = told;
    const { language } = person;
    const p = PHRASES[language];
    const known = textsFor(alarm);
    const name = title(alarm, language);
    const facts = {
      kind: step === 'cleared' ? 'cleared' : 'alarm',
      step,
      person: person.name,
      alarms: [naming.facts(alarm, language)],
    };
    if (step === 'cleared') {
      const lines = [`${p.where}: ${place(alarm, language)}`, ...timesOf(alarm, language), ...durationOf(alarm, p)];
      return { subject: `${endOf(alarm, p)}: ${name}`, text: lines.join('\n'), facts };
    }
    const lines = [
      `${p.where}: ${place(alarm, language)}`,
      ...(known ? [`${p.todo}: ${known.action[language]}`] : []),
      ...valueLines(alarm, language),
      ...timesOf(alarm, language),
      ...(known ? [`${p.respond}: ${span(known.respondWithinMin, p)}`] : []),
      ...(step > 0 ? [`${p.repeat}: ${step}`] : []),
      ...(isInDoubt ? [p.inDoubt] : []),
      ...(alarm.childCount > 0 ? [`${p.behind}: ${alarm.childCount}`] : []),
    ];
    return { subject: `${name} (${p.priority[alarm.priority]})`, text: lines.join('\n'), facts };
  }

  function timesOf({ raisedAt, returnedAt }: Alarm, language: Language): readonly string[] {
    const p = PHRASES[language];
    const until = returnedAt === null ? [] : [`${p.until}: ${moment(returnedAt, language, timeZone)}`];
    return [`${p.since}: ${moment(raisedAt, language, timeZone)}`, ...until];
  }

  function digest(pages: DueMessage['pages']): Content {
    const [{ person }] = pages;
    const { language } = person;
    const p = PHRASES[language];
    const alarms = pages.map(({ told }) => told.alarm);
    const sites = new Set(alarms.map(({ site }) => site));
    const [site = null] = sites.size === 1 ? sites : [];
    const open = pages.filter(({ step }) => step !== 'cleared').map(({ told }) => told.alarm);
    const over = pages.filter(({ step }) => step === 'cleared');
    const text = [
      ...(sites.size === 1 ? [`${p.where}: ${siteName(site, language)}`] : perSite(alarms, language)),
      ...titlesOf(open, language),
      ...counted([...Map.groupBy(over, ({ told }) => endOf(told.alarm, p))], language),
      ...(pages.some(({ isInDoubt }) => isInDoubt) ? [p.inDoubt] : []),
    ].join('\n');
    const listed = pages
      .slice(0, FACTS_AT_MOST)
      .map(({ told, step }) => ({ ...naming.facts(told.alarm, language), step }));
    const facts = { kind: 'digest', person: person.name, count: pages.length, alarms: listed };
    return { subject: `${p.alarms}: ${pages.length}`, text, facts };
  }

  function perSite(alarms: readonly Alarm[], language: Language): readonly string[] {
    return counted([...Map.groupBy(alarms, ({ site }) => siteName(site, language))], language);
  }

  function titlesOf(alarms: readonly Alarm[], language: Language): readonly string[] {
    const { priority } = PHRASES[language];
    const titles = Map.groupBy(
      alarms.toSorted(byUrgency),
      (alarm) => `${title(alarm, language)} (${priority[alarm.priority]})`,
    );
    return counted([...titles], language);
  }

  return {
    message: ({ pages }) => (pages.length === 1 ? page(pages[0]) : digest(pages)),
    morning: createMorningWording(naming, timeZone),
  };
}

export function testContent({ language, name }: Person): Content {
  const { test, testText } = PHRASES[language];
  return { subject: test, text: testText, facts: { kind: 'test', person: name } };
}

/** The alarm is over: seen by somebody, or not. */
function endOf({ state }: Alarm, { cleared, over }: Phrases): string {
  return state === 'returned-unacknowledged' ? cleared : over;
}

/** In device time, as the lines above it. */
function durationOf({ raisedAt, returnedAt }: Alarm, p: Phrases): readonly string[] {
  if (returnedAt === null) return [];
  return [`${p.lasted}: ${span(Math.max(1, Math.round((returnedAt - raisedAt) / 60_000)), p)}`];
}

function valueLines({ metric, value, limit, detector, values }: Alarm, language: Language): readonly string[] {
  const p = PHRASES[language];
  const known = metric === null ? undefined : METRICS.get(metric);
  const unit = known ? (p.units[known.unit] ?? known.unit) : '';
  const say = (n: number): string =>
    `${new Intl.NumberFormat(language, { maximumFractionDigits: 2 }).format(n)} ${unit}`.trim();
  const isShown = value !== null && known?.type === 'number';
  const broken = isShown && detector === 'limit' && limit !== null ? ` (${p.limit}: ${say(limit)})` : '';
  const facts = Object.entries(values).flatMap(([key, fact]) => {
    const word = Object.hasOwn(p.facts, key) ? p.facts[key] : undefined;
    return word === undefined ? [] : [`${word}: ${key === 'perHour' && typeof fact === 'number' ? say(fact) : fact}`];
  });
  return [...(isShown ? [`${p.value}: ${say(value)}${broken}`] : []), ...facts];
}
