/** What the message of the morning says. */
import type { Person } from '../../../model/person.ts';
import type { Content } from './channels/channel.ts';
import { FACTS_AT_MOST, LINES_AT_MOST, moment } from './formats.ts';
import type { Morning } from './morning.ts';
import type { Naming } from './naming.ts';
import { type Language, PHRASES } from './phrases.ts';

export function createMorningWording(
  { title, place, facts }: Naming,
  timeZone: string,
): (person: Person, morning: Morning) => Content {
  function write({ language, name }: Person, morning: Morning): Content {
    const { open, openCount, isInDoubt, ...rest } = morning;
    const { date, mutedCount } = rest;
    const p = PHRASES[language];
    const news = headlines(morning, language);
    const lines = open.slice(0, LINES_AT_MOST).map((alarm) => {
      return `${title(alarm, language)} (${p.priority[alarm.priority]}). ${p.where}: ${place(alarm, language)}`;
    });
    const more = lines.length < openCount ? [`${p.more}: ${openCount - lines.length}`] : [];
    const muted = mutedCount === 0 ? [] : [`${p.muted}: ${mutedCount}`];
    const doubt = isInDoubt ? [p.inDoubt] : [];
    const alarms = open.slice(0, FACTS_AT_MOST).map((alarm) => facts(alarm, language));
    return {
      subject: news[0] ?? p.allWell,
      text: [...news.slice(1), ...lines, ...more, ...muted, ...doubt, date].join('\n'),
      facts: { kind: 'morning', person: name, ...rest, count: openCount, alarms },
    };
  }

  /** What keeps all from being well, the worst first. */
  function headlines({ blindSince, openCount, gaps }: Morning, language: Language): readonly string[] {
    const p = PHRASES[language];
    const at = (ms: number): string => moment(ms, language, timeZone);
    const latest = gaps.slice(-LINES_AT_MOST).map(({ kind, from, to }) => {
      return `${kind === 'off' ? p.wasOff : p.wasBlind}: ${at(from)} – ${at(to)}`;
    });
    return [
      ...(blindSince === null ? [] : [`${p.blind}: ${at(blindSince)}`]),
      ...(openCount === 0 ? [] : [`${p.open}: ${openCount}`]),
      ...latest,
    ];
  }

  return write;
}
