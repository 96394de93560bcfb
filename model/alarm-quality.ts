/** How good the alarms are for those who must act on them: the measures of ISA-18.2, from the journal. */
import type { Alarm, AlarmEvent, Telling } from './alarm.ts';
import { PRIORITIES, type Priority } from './rule.ts';

/** Something that people were, or could have been, told. */
export interface Announced {
  readonly kind: AlarmEvent['kind'];
  /** The server's time. */
  readonly at: number;
  /** Null: muted. */
  readonly told: Telling | null;
  /** Condition. */
  readonly source: string;
  readonly rule: string;
  readonly site: string | null;
  readonly priority: Priority;
}

export interface Episode extends Pick<Alarm, 'id' | 'key' | 'rule' | 'site' | 'raisedAt' | 'clearedAt'> {
  readonly isMuted: boolean;
}

interface Source {
  readonly source: string;
  readonly rule: string;
  readonly site: string | null;
  readonly count: number;
  readonly percent: number;
}

export interface AlarmQuality {
  readonly from: number;
  readonly to: number;
  readonly operators: number;
  /** Alarms that people were told of; `again` and `reminder` are not counted. */
  readonly announced: number;
  /** Of one operator. */
  readonly perTenMinutes: number;
  readonly maxInTenMinutes: number;
  /** Of the 10-min periods, those with more than 10. */
  readonly periodsOverTenPercent: number;
  readonly floodPercent: number;
  readonly topSources: readonly Source[];
  /** Open for more than 24 h at the end of the time asked for. */
  readonly stale: readonly string[];
  /** Conditions that came 3 times or more within a minute. */
  readonly chattering: readonly Pick<Source, 'source' | 'count'>[];
  /** In percent of the announced. */
  readonly priorityMix: Readonly<Record<Priority, number>>;
}

export interface QualityQuestion {
  readonly from: number;
  readonly to: number;
  readonly operators: number;
}

const PERIOD_MS = 600_000;
const FLOOD_BEGINS_ABOVE = 10;
const FLOOD_ENDS_BELOW = 5;
const TOP_SOURCES = 10;
const STALE_MS = 86_400_000;
const CHATTER_MS = 60_000;
const CHATTER_COUNT = 3;
const ALARMS: ReadonlySet<Telling | null> = new Set(['raised', 'released']);

export function alarmQuality(
  events: readonly Announced[],
  episodes: readonly Episode[],
  { from, to, operators }: QualityQuestion,
): AlarmQuality {
  const alarms = events.filter(({ told }) => ALARMS.has(told));
  const periods = countByPeriod(alarms, from, to).map((count) => count / operators);
  const percentOf = (count: number, whole: number): number => (whole === 0 ? 0 : (count / whole) * 100);
  const ofPriority = (priority: Priority) => alarms.filter((alarm) => alarm.priority === priority).length;
  const mix = PRIORITIES.map((priority) => [priority, percentOf(ofPriority(priority), alarms.length)]);
  return {
    from,
    to,
    operators,
    announced: alarms.length,
    perTenMinutes: periods.reduce((sum, n) => sum + n, 0) / periods.length,
    maxInTenMinutes: periods.reduce((most, n) => Math.max(most, n), 0),
    periodsOverTenPercent: percentOf(periods.filter((n) => n > FLOOD_BEGINS_ABOVE).length, periods.length),
    floodPercent: percentOf(countInFlood(periods), periods.length),
    topSources: topSources(alarms),
    stale: episodes.filter((episode) => isStale(episode, to)).map(({ id }) => id),
    chattering: chattering(events),
    priorityMix: Object.fromEntries(mix) as Record<Priority, number>,
  };
}

/** How many fall into each period of 10 min from `from` on; at least one period. */
function countByPeriod(alarms: readonly Announced[], from: number, to: number): readonly number[] {
  const counts = new Array<number>(Math.max(1, Math.ceil((to - from) / PERIOD_MS))).fill(0);
  for (const { at } of alarms) {
    const period = Math.floor((at - from) / PERIOD_MS);
    counts[period] = (counts[period] ?? 0) + 1;
  }
  return counts;
}

function countInFlood(periods: readonly number[]): number {
  let isFlood = false;
  return periods.filter((count) => {
    isFlood = isFlood ? count >= FLOOD_ENDS_BELOW : count > FLOOD_BEGINS_ABOVE;
    return isFlood;
  }).length;
}

function topSources(alarms: readonly Announced[]): readonly Source[] {
  return [...Map.groupBy(alarms, ({ source }) => source).values()]
    .flatMap((ofSource) => {
      const [first] = ofSource;
      if (!first) return [];
      const { source, rule, site } = first;
      return [{ source, rule, site, count: ofSource.length, percent: (ofSource.length / alarms.length) * 100 }];
    })
    .toSorted((a, b) => b.count - a.count)
    .slice(0, TOP_SOURCES);
}

function isStale({ raisedAt, clearedAt, isMuted }: Episode, to: number): boolean {
  return !isMuted && to - raisedAt > STALE_MS && (clearedAt === null || clearedAt >= to);
}

/** Judged by how often the condition came, told or not. */
function chattering(events: readonly Announced[]): AlarmQuality['chattering'] {
  const raises = events.filter(({ kind }) => kind === 'raise');
  return [...Map.groupBy(raises, ({ source }) => source)].flatMap(([source, ofSource]) => {
    const isChattering = ofSource.some(
      ({ at }, i) => at - (ofSource[i - CHATTER_COUNT + 1]?.at ?? -Infinity) <= CHATTER_MS,
    );
    return isChattering ? [{ source, count: ofSource.length }] : [];
  });
}
