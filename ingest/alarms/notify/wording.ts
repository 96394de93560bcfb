/** What a message says: what, where, what to do, how bad, since when. The place and the action come first, for SMS. */
import type { Alarm } from '../../../model/alarm.ts';
import { METRICS } from '../../../model/metric.ts';
import type { Person } from '../../../model/person.ts';
import type { Plant } from '../../../model/plant.ts';
import { type Rule, textsOf } from '../../../model/rule.ts';
import type { RuleTexts } from '../../../model/rule-text.ts';
import type { LocalName } from '../../../model/schema.ts';
import { SERVER_CONDITIONS } from '../../../model/server-condition.ts';
import type { Topology } from '../topology.ts';
import type { Notice } from './channels/channel.ts';
import type { DueMessage } from './gather.ts';
import { byUrgency, type Morning } from './morning.ts';
import { type Language, PHRASES, type Phrases } from './phrases.ts';
import type { DuePage } from './policy.ts';

/** A notice before it has an id. */
export type Content = Pick<Notice, 'subject' | 'text' | 'facts'>;

export interface Wording {
  message(due: DueMessage): Content;
  morning(person: Person, morning: Morning): Content;
}

export interface WordingContext {
  readonly plant: Plant;
  readonly rules: readonly Rule[];
  readonly topology: Pick<Topology, 'place'>;
  /** Where people live. */
  readonly timeZone: string;
}

const LINES_AT_MOST = 10;
const FACTS_AT_MOST = 50;

export function createWording({ plant, rules, topology, timeZone }: WordingContext): Wording {
  const texts = new Map<string, RuleTexts>(rules.map((rule) => [rule.id, textsOf(rule)]));

  function textsFor({ detector, rule }: Alarm): RuleTexts | undefined {
    return detector === 'server' ? SERVER_CONDITIONS.get(rule) : texts.get(rule);
  }

  /** A rule may have been taken out of the file since. */
  function title(alarm: Alarm, language: Language): string {
    return textsFor(alarm)?.title[language] ?? alarm.rule;
  }

  function siteName(site: string | null, language: Language): string {
    return site === null ? PHRASES[language].server : nameIn(plant.sites.get(site)?.name, language, site);
  }

  function place({ site, asset, device, values }: Alarm, language: Language): string {
    const circuits = device === null ? [] : (topology.place(device)?.circuits ?? []);
    const known = asset === null ? undefined : plant.assets.get(asset);
    const thing = known ? nameIn(known.name, language, known.id) : device && deviceName(device, language);
    const parts = [
      ...circuits.map(({ name, id }) => nameIn(name, language, id)),
      thing,
      values.part,
      siteName(site, language),
    ];
    return parts.filter((part) => part !== null && part !== undefined).join(', ');
  }

  function deviceName(device: string, language: Language): string {
    return nameIn(plant.devices.get(device)?.name, language, device);
  }

  function page({ told, step, person }: DuePage): Content {
    const { alarm } = told;
    const { language } = person;
    const p = PHRASES[language];
    const known = textsFor(alarm);
    const name = title(alarm, language);
    const facts = {
      kind: step === 'cleared' ? 'cleared' : 'alarm',
      step,
      person: person.name,
      alarms: [factsOf(alarm, name)],
    };
    if (step === 'cleared') {
      const lines = [`${p.where}: ${place(alarm, language)}`, ...timesOf(alarm, language)];
      return { subject: `${p.cleared}: ${name}`, text: lines.join('\n'), facts };
    }
    const lines = [
      `${p.where}: ${place(alarm, language)}`,
      ...(known ? [`${p.todo}: ${known.action[language]}`] : []),
      ...valueLines(alarm, language),
      ...timesOf(alarm, language),
      ...(known ? [`${p.respond}: ${span(known.respondWithinMin, p)}`] : []),
      ...(step > 0 ? [`${p.repeat}: ${step}`] : []),
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
    const text = [
      ...(sites.size === 1 ? [`${p.where}: ${siteName(site, language)}`] : perSite(alarms, language)),
      ...titlesOf(open, language),
      ...(open.length < pages.length ? [`${p.clearedCount}: ${pages.length - open.length}`] : []),
    ].join('\n');
    const listed = pages
      .slice(0, FACTS_AT_MOST)
      .map(({ told, step }) => ({ ...factsOf(told.alarm, title(told.alarm, language)), step }));
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
    morning({ language, name }, { date, open, mutedCount, blindSince }) {
      const p = PHRASES[language];
      const blind = blindSince === null ? null : `${p.blind}: ${moment(blindSince, language, timeZone)}`;
      const count = open.length === 0 ? null : `${p.open}: ${open.length}`;
      const lines = open.slice(0, LINES_AT_MOST).map((alarm) => {
        return `${title(alarm, language)} (${p.priority[alarm.priority]}). ${p.where}: ${place(alarm, language)}`;
      });
      const rest = open.length > LINES_AT_MOST ? [`${p.more}: ${open.length - LINES_AT_MOST}`] : [];
      const muted = mutedCount === 0 ? [] : [`${p.muted}: ${mutedCount}`];
      const alarms = open.slice(0, FACTS_AT_MOST).map((alarm) => factsOf(alarm, title(alarm, language)));
      return {
        subject: blind ?? count ?? p.allWell,
        text: [...(blind && count ? [count] : []), ...lines, ...rest, ...muted, date].join('\n'),
        facts: { kind: 'morning', person: name, date, count: open.length, mutedCount, blindSince, alarms },
      };
    },
  };
}

export function testContent({ language, name }: Person): Content {
  const { test, testText } = PHRASES[language];
  return { subject: test, text: testText, facts: { kind: 'test', person: name } };
}

/** A message for programs says what the alarm is, in the terms of contract 3.5. */
function factsOf(alarm: Alarm, title: string) {
  const { id, rule, priority, state, site, asset, device, metric, value, limit, values, raisedAt, returnedAt } = alarm;
  return { id, rule, title, priority, state, site, asset, device, metric, value, limit, values, raisedAt, returnedAt };
}

function counted(groups: readonly (readonly [string, readonly unknown[]])[], language: Language): readonly string[] {
  const lines = groups.slice(0, LINES_AT_MOST).map(([name, items]) => `${name}: ${items.length}`);
  const rest = groups.slice(LINES_AT_MOST).reduce((sum, [, items]) => sum + items.length, 0);
  return rest > 0 ? [...lines, `${PHRASES[language].more}: ${rest}`] : lines;
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

function moment(ms: number, language: Language, timeZone: string): string {
  const format = {
    timeZone,
    day: '2-digit',
    month: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  } as const;
  return new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : 'ru', format).format(ms);
}

function span(minutes: number, { minutes: min, hours, days }: Phrases): string {
  if (minutes < 120) return `${minutes} ${min}`;
  return minutes < 48 * 60 ? `${Math.round(minutes / 60)} ${hours}` : `${Math.round(minutes / 1440)} ${days}`;
}

function nameIn(name: LocalName | undefined, language: Language, id: string): string {
  return name?.[language] ?? name?.ru ?? name?.ky ?? name?.en ?? id;
}
