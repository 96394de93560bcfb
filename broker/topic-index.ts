/** Which values stand under the topic filters that match a topic. */
import { Qlobber } from 'qlobber';
import { createTopicCache } from './topic-cache.ts';

export interface TopicIndex<T> {
  add(filter: string, value: T): void;
  remove(filter: string, value: T): void;
  /** Not to be changed by the caller. */
  match(topic: string): readonly T[];
}

/** [MQTT-4.7.1-3]: `/a` has two levels, the first of them empty. */
const MQTT = { separator: '/', wildcard_one: '+', wildcard_some: '#', match_empty_levels: true };
/** To look for more takes little of the time of serving them. */
const MAX_REMEMBERED = 16;

export function createTopicIndex<T>(): TopicIndex<T> {
  const filters = new Qlobber<T>(MQTT);
  const found = createTopicCache<readonly T[]>(
    (topic) => filters.match(topic),
    ({ length }) => length <= MAX_REMEMBERED,
  );
  return {
    add(filter, value) {
      filters.add(filter, value);
      found.clear();
    },
    remove(filter, value) {
      filters.remove(filter, value);
      found.clear();
    },
    match: found.get,
  };
}

export function matchesTopic(filter: string): (topic: string) => boolean {
  const only = new Qlobber<true>(MQTT).add(filter, true);
  return (topic) => only.test(topic, true);
}

/** Whether a topic matches any of them. */
export function createTopicMatch(filters: Iterable<string>): (topic: string) => boolean {
  const any = new Qlobber<true>(MQTT);
  for (const filter of filters) any.add(filter, true);
  return (topic) => any.test(topic, true);
}
