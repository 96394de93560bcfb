/** What an alarm is called and where it is, in a person's language. */
import type { Alarm } from '../../../model/alarm.ts';
import type { Plant } from '../../../model/plant.ts';
import { type Rule, textsOf } from '../../../model/rule.ts';
import type { RuleTexts } from '../../../model/rule-text.ts';
import type { LocalName } from '../../../model/schema.ts';
import { SERVER_CONDITIONS } from '../../../model/server-condition.ts';
import type { Topology } from '../topology.ts';
import { type Language, PHRASES } from './phrases.ts';

export interface NamingContext {
  readonly plant: Plant;
  readonly rules: readonly Rule[];
  readonly topology: Pick<Topology, 'place'>;
}

export interface Naming {
  textsFor(alarm: Alarm): RuleTexts | undefined;
  title(alarm: Alarm, language: Language): string;
  siteName(site: string | null, language: Language): string;
  place(alarm: Alarm, language: Language): string;
  facts(alarm: Alarm, language: Language): Readonly<Record<string, unknown>>;
}

export function createNaming({ plant, rules, topology }: NamingContext): Naming {
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

  return {
    textsFor,
    title,
    siteName,
    place,
    facts: (alarm, language) => factsOf(alarm, title(alarm, language)),
  };
}

/** A message for programs says what the alarm is, in the terms of contract 3.5. */
function factsOf(alarm: Alarm, title: string) {
  const { id, rule, priority, state, site, asset, device, metric, value, limit, values, raisedAt, returnedAt } = alarm;
  return { id, rule, title, priority, state, site, asset, device, metric, value, limit, values, raisedAt, returnedAt };
}

function nameIn(name: LocalName | undefined, language: Language, id: string): string {
  return name?.[language] ?? name?.ru ?? name?.ky ?? name?.en ?? id;
}
