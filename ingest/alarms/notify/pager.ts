/** Decides who is to hear of which alarms, and writes it into the ledger; knows what of it still has a point. */
import type { Alarm, Announcement } from '../../../model/alarm.ts';
import type { Person } from '../../../model/person.ts';
import type { AlarmDesk } from '../desk.ts';
import { createEndings } from './endings.ts';
import { gather } from './gather.ts';
import type { Ledger, Message } from './ledger.ts';
import { duePages, isPointless, type PageKey, type ToldAlarm } from './policy.ts';
import { createRounds } from './rounds.ts';
import type { Wording } from './wording.ts';

export interface PagerDependencies {
  readonly alarms: Pick<AlarmDesk, 'standing' | 'get' | 'entriesOf' | 'onChange'>;
  readonly ledger: Pick<Ledger, 'add' | 'pagesOf' | 'pagesIn' | 'recentTo'>;
  readonly wording: Pick<Wording, 'message'>;
  /** Sites where it is laid down who is told first, by name. */
  readonly turns: ReadonlyMap<string, readonly string[]>;
  /** Whether these are the hours in which they want less than critical messages. */
  readonly isAwake: (person: Person) => boolean;
  readonly now: () => number;
}

export interface Pager {
  hear(announcements: readonly Announcement[]): void;
  /** Adds what is due to those who can be reached, in the order of their turn. */
  page(reachable: readonly Person[]): void;
  hasNoPoint(message: Pick<Message, 'id'>): boolean;
  /** Only what is critical, and still asks something, wakes anybody. */
  maySend(message: Pick<Message, 'id' | 'isUrgent'>, to: Person): boolean;
}

export function createPager(dependencies: PagerDependencies): Pager {
  const { alarms, ledger, wording, turns, isAwake, now } = dependencies;
  const toTold = createRounds(alarms);
  const endings = createEndings(toTold);

  function toldOf(episode: string): ToldAlarm | undefined {
    const alarm = alarms.get(episode);
    if (!alarm) return undefined;
    return mayAsk(alarm) ? toTold(alarm) : endings.of(alarm);
  }

  function isPointlessPage(page: PageKey): boolean {
    return isPointless(page, toldOf(page.episode), ledger.pagesOf(page.episode));
  }

  function asksUrgently(page: PageKey): boolean {
    return alarms.get(page.episode)?.priority === 'critical' && !isPointlessPage(page);
  }

  return {
    hear: endings.take,
    page(reachable) {
      endings.forget(now());
      const due = duePages({
        alarms: [...alarms.standing().filter(mayAsk).map(toTold), ...endings.all()],
        people: reachable,
        turns,
        awake: new Set(reachable.filter(isAwake).map(({ name }) => name)),
        pagesOf: ledger.pagesOf,
        now: now(),
      });
      for (const [person, pages] of Map.groupBy(due, (each) => each.person)) {
        for (const message of gather(pages, ledger.recentTo(person.name, now()), now())) {
          ledger.add({
            person: person.name,
            kind: message.kind,
            at: now(),
            isUrgent: message.pages.some(({ told }) => told.alarm.priority === 'critical'),
            content: wording.message(message),
            pages: message.pages.map(({ told, step }) => keyOf(told, step, person)),
          });
        }
      }
    },
    hasNoPoint: ({ id }) => ledger.pagesIn(id).every(isPointlessPage),
    maySend: ({ id, isUrgent }, to) => isAwake(to) || (isUrgent && ledger.pagesIn(id).some(asksUrgently)),
  };
}

/** The rest asks nothing of anybody by itself: not worth a look into the journal. */
function mayAsk({ state, priority, isHistorical }: Alarm): boolean {
  if (isHistorical) return false;
  return (
    state === 'returned-unacknowledged' ||
    (state === 'unacknowledged' && (priority === 'critical' || priority === 'high'))
  );
}

function keyOf({ alarm, round }: ToldAlarm, step: PageKey['step'], { name }: Person): PageKey {
  return { episode: alarm.id, round, step, person: name };
}
