/** Alarms and their texts, from the house's own objects to what the browser gets. */
import type { Alarm } from '../model/alarm.ts';
import { METRICS } from '../model/metric.ts';
import type { Plant } from '../model/plant.ts';
import { type Rule, textsOf } from '../model/rule.ts';
import type { Text } from '../model/rule-text.ts';
import { SERVER_CONDITIONS } from '../model/server-condition.ts';
import type { WireContext } from './to-wire.ts';
import type { AlarmWire, NameWire, RuleWire } from './wire.ts';

type Children = ReadonlyMap<string, readonly string[]>;

const MAX_CHILDREN = 100;

/** How alarms are shown under these rules. */
export function createAlarmWriter({ plant, rules }: WireContext): (alarm: Alarm, children: Children) => AlarmWire {
  const texts = new Map(rules.map((rule) => [rule.id, textsOf(rule)]));
  return (alarm, children) => {
    const { key: _, settleS: __, clearedAt: ___, askedAt: ____, ...facts } = alarm;
    const known = alarm.detector === 'server' ? SERVER_CONDITIONS.get(alarm.rule) : texts.get(alarm.rule);
    return {
      ...facts,
      // A rule may have been taken out of the file since: its id is then all there is to say.
      title: known ? withPlace(known.title, alarm, plant) : { en: alarm.rule },
      advice: known?.action ?? null,
      unit: alarm.metric === null ? null : (METRICS.get(alarm.metric)?.unit ?? ''),
      children: (children.get(alarm.id) ?? []).slice(0, MAX_CHILDREN),
    };
  };
}

/** An alarm of the server names behind the title what the page has no name of: a part, or a site of another server. */
function withPlace(title: Text, { detector, values, site }: Alarm, plant: Plant): NameWire {
  const foreign = site === null || plant.sites.has(site) ? null : site;
  const place = detector === 'server' ? (values.part ?? foreign) : null;
  if (place === null) return title;
  return { ky: `${title.ky}: ${place}`, ru: `${title.ru}: ${place}`, en: `${title.en}: ${place}` };
}

export function toRulesWire(rules: readonly Rule[]): readonly RuleWire[] {
  const ofServer = [...SERVER_CONDITIONS].map(
    ([rule, { priority, title, cause, consequence, action, respondWithinMin }]) => {
      return { rule, priority, title, cause, consequence, action, respondWithinMin };
    },
  );
  return [...rules.map((rule) => ({ rule: rule.id, priority: rule.priority, ...textsOf(rule) })), ...ofServer];
}
