/** Notification: looks at what the alarm desk has told, decides who is to hear of it, writes that down, and sends it. */
import { join } from 'node:path';
import type { Alarm, AlarmAction, JournalEntry } from '../../../model/alarm.ts';
import type { Log } from '../../../model/log.ts';
import { may, type Person } from '../../../model/person.ts';
import type { Plant } from '../../../model/plant.ts';
import type { Rule } from '../../../model/rule.ts';
import type { People } from '../../people/people.ts';
import type { AlarmDesk } from '../desk.ts';
import { type Channels, createDelivery, waysTo } from './deliver.ts';
import { gather } from './gather.ts';
import { type HeartbeatOptions, startHeartbeat } from './heartbeat.ts';
import { createLedger, type LedgerCounts, type Message } from './ledger.ts';
import { openLedgerFile } from './ledger-file.ts';
import { isWithin, type LocalTime, localTime } from './local-time.ts';
import { isMorning, LATE_MS, morningOf } from './morning.ts';
import { PHRASES } from './phrases.ts';
import { duePages, isPointless, type ToldAlarm } from './policy.ts';
import { createWording } from './wording.ts';

export interface NotifyOptions {
  readonly plant: Plant;
  readonly rules: readonly Rule[];
  readonly dataDir: string;
  /** Sites where it is laid down who is told first, by name. */
  readonly turns: ReadonlyMap<string, readonly string[]>;
  /** Local time of the message of the morning, `08:00`. */
  readonly morningAt: string;
  readonly heartbeat: HeartbeatOptions | null;
}

export interface NotifyDependencies {
  readonly alarms: Pick<AlarmDesk, 'standing' | 'get' | 'entriesOf' | 'act' | 'onAnnounce' | 'onChange' | 'topology'>;
  readonly people: Pick<People, 'list' | 'get'>;
  /** `acknowledge`: what a button does, as the Telegram channel asks for it. */
  readonly openChannels: (acknowledge: (chat: string, button: string) => Promise<string>) => Channels;
  /** Epoch ms. */
  readonly now: () => number;
  readonly log: Log;
}

export interface Notify {
  counts(): LedgerCounts;
  stop(): Promise<void>;
}

const WATCH_MS = 1_000;
const FORGET_MS = 60_000;
/** What is under way by then is sent again after the next start. */
const STOP_WITHIN_MS = 2_000;

export function startNotify(options: NotifyOptions, dependencies: NotifyDependencies): Notify {
  const { plant, turns, morningAt, heartbeat } = options;
  const { alarms, people, now, log } = dependencies;
  const ledger = createLedger(openLedgerFile(join(options.dataDir, 'notify.db')), { log, now: now() });
  const [first] = plant.sites.values();
  const timeZone = first?.timeZone ?? 'UTC';
  const wording = createWording({ ...options, topology: alarms.topology, timeZone });
  const roundOf = createRounds(alarms);
  const channels = dependencies.openChannels(acknowledge);
  const delivery = createDelivery({ ledger, channels, person: people.get, isPointless: hasNoPoint, now, log });
  let isFailing = false;
  let isStopped = false;

  function look(): void {
    if (isStopped) return;
    try {
      const reachable = people.list().filter((person) => waysTo(person, channels).length > 0);
      const times = new Map(reachable.map((person) => [person, localTime(now(), zoneOf(person))]));
      page(times);
      greet(times);
      ledger.saveUnsaved();
      delivery.pump();
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.error({ err: error }, 'who is to be told of alarms could not be decided; trying again');
      isFailing = true;
    }
  }

  function page(times: ReadonlyMap<Person, LocalTime>): void {
    if (times.size === 0) return;
    const awake = [...times].filter(([{ hours }, { minute }]) => isWithin(hours, minute)).map(([{ name }]) => name);
    const due = duePages({
      alarms: alarms.standing().filter(mayAsk).map(toTold),
      people: [...times.keys()],
      turns,
      awake: new Set(awake),
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
  }

  /** Once a day to everyone who is told of alarms. */
  function greet(times: ReadonlyMap<Person, LocalTime>): void {
    for (const [person, time] of times) {
      const isTold = person.turn !== null || [...turns.values()].some((names) => names.includes(person.name));
      const key = { episode: `morning/${time.date}`, round: 0, step: 0, person: person.name };
      const isDone = () => ledger.pagesOf(key.episode).some(({ person: name }) => name === person.name);
      if (!isTold || !isMorning(person, time, morningAt) || isDone()) continue;
      const content = wording.morning(person, morningOf(person, time.date, alarms.standing()));
      ledger.add({ person: person.name, kind: 'morning', at: now(), isUrgent: false, content, pages: [key] });
    }
  }

  function zoneOf({ sites }: Person): string {
    return plant.sites.get(sites?.[0] ?? '')?.timeZone ?? timeZone;
  }

  function toTold(alarm: Alarm): ToldAlarm {
    return { alarm, round: roundOf(alarm) };
  }

  function hasNoPoint({ id, kind, at }: Message): boolean {
    if (kind === 'morning') return now() - at > LATE_MS;
    return ledger.pagesIn(id).every((key) => {
      const alarm = alarms.get(key.episode);
      return isPointless(key, alarm && toTold(alarm), ledger.pagesOf(key.episode));
    });
  }

  /** A button counts where it was sent to: from the chat of that person, with what they may do. */
  async function acknowledge(chat: string, button: string): Promise<string> {
    const message = ledger.message(button);
    const person = message && people.get(message.person);
    if (!message || person?.addresses.telegram !== chat) return PHRASES.en.notAllowed;
    const p = PHRASES[person.language];
    if (!may(person.role, 'acknowledge')) return p.notAllowed;
    const action: AlarmAction = { kind: 'acknowledge', by: person.name, note: 'Telegram' };
    const outcomes = ledger.pagesIn(message.id).map(({ episode }) => alarms.act(episode, action).ok);
    return outcomes.includes(true) ? p.acknowledged : p.tooLate;
  }

  const lookSoon = once(look);
  const endings = [alarms.onAnnounce(lookSoon), every(WATCH_MS, look), every(FORGET_MS, forget)];
  if (heartbeat) endings.push(startHeartbeat(heartbeat, log));
  lookSoon();

  function forget(): void {
    const standing = new Set(alarms.standing().map(({ id }) => id));
    ledger.forget((episode) => standing.has(episode), now());
  }

  return {
    counts: ledger.counts,
    async stop() {
      isStopped = true;
      for (const end of endings) end();
      const ended = Promise.all([delivery.stop(), ...[...channels.values()].map((channel) => channel.stop())]);
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, STOP_WITHIN_MS).unref())]);
      ledger.close();
    },
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

function keyOf({ alarm, round }: ToldAlarm, step: number | 'cleared', { name }: Person) {
  return { episode: alarm.id, round, step, person: name };
}

const isNews = ({ told }: JournalEntry): boolean => told === 'raised' || told === 'released';

/** How often an episode was new to people: the journal knows, and is asked once after each change. */
function createRounds(alarms: Pick<AlarmDesk, 'entriesOf' | 'onChange'>): (alarm: Alarm) => number {
  const rounds = new Map<string, number>();
  alarms.onChange(({ id }) => rounds.delete(id));
  return ({ id, state }) => {
    const round = rounds.get(id) ?? alarms.entriesOf(id).filter(isNews).length;
    // What is over changes no more, and nobody would forget it.
    if (state !== 'normal') rounds.set(id, round);
    return round;
  };
}

/** Calls that come in one turn are one. */
function once(run: () => void): () => void {
  let isPlanned = false;
  return () => {
    if (isPlanned) return;
    isPlanned = true;
    setImmediate(() => {
      isPlanned = false;
      run();
    });
  };
}

function every(ms: number, run: () => void): () => void {
  const timer = setInterval(run, ms);
  return () => clearInterval(timer);
}
