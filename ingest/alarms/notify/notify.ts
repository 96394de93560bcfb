/** Notification: looks at what the alarm desk has told, decides who is to hear of it, writes that down, and sends it. */
import { join } from 'node:path';
import type { AlarmAction, Announcement } from '../../../model/alarm.ts';
import type { Log } from '../../../model/log.ts';
import { may, type Person } from '../../../model/person.ts';
import type { Plant } from '../../../model/plant.ts';
import type { Rule } from '../../../model/rule.ts';
import type { People } from '../../people/people.ts';
import type { AlarmDesk } from '../desk.ts';
import { type Channels, createDelivery, waysTo } from './deliver.ts';
import { createGreeter } from './greet.ts';
import { type HeartbeatOptions, startHeartbeat } from './heartbeat.ts';
import { openLastingLedgerFile } from './lasting-ledger-file.ts';
import { createLedger, type LedgerCounts, type Message } from './ledger.ts';
import { isWithin, type LocalTime, localTime } from './local-time.ts';
import { LATE_MS } from './morning.ts';
import { createPager } from './pager.ts';
import { PHRASES } from './phrases.ts';
import { createRunTimes } from './run-times.ts';
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
  readonly alarms: Pick<
    AlarmDesk,
    'standing' | 'get' | 'list' | 'entriesOf' | 'act' | 'onAnnounce' | 'onChange' | 'topology'
  >;
  readonly people: Pick<People, 'list' | 'get'>;
  /** `acknowledge`: what a button does, as the Telegram channel asks for it. */
  readonly openChannels: (acknowledge: (chat: string, button: string) => Promise<string>) => Channels;
  /** Epoch ms. */
  readonly now: () => number;
  readonly log: Log;
  /** A file of the data folder proves to be damaged, and is to be set aside. */
  readonly onDamage?: (file: string, reason: string) => void;
}

export interface Notify {
  counts(): LedgerCounts;
  stop(): Promise<void>;
}

const FILE = 'notify.db';
const WATCH_MS = 1_000;
const MINUTE_MS = 60_000;
/** What is under way by then is in doubt after the next start. */
const STOP_WITHIN_MS = 2_000;

export function startNotify(options: NotifyOptions, dependencies: NotifyDependencies): Notify {
  const { plant, turns, morningAt, heartbeat } = options;
  const { alarms, people, now, log } = dependencies;
  const setAside = (reason: string): void => dependencies.onDamage?.(FILE, reason);
  const file = openLastingLedgerFile(join(options.dataDir, FILE), setAside);
  const ledger = createLedger(file, { log, now: now() });
  const runTimes = createRunTimes(file);
  const [first] = plant.sites.values();
  const timeZone = first?.timeZone ?? 'UTC';
  const wording = createWording({ ...options, topology: alarms.topology, timeZone });
  const pager = createPager({ alarms, ledger, wording, turns, isAwake, now });
  const greet = createGreeter(
    { morningAt, inTurns: new Set([...turns.values()].flat()) },
    { alarms, ledger, runTimes, wording, now },
  );
  const channels = dependencies.openChannels(acknowledge);
  const delivery = createDelivery({
    ledger,
    channels,
    person: people.get,
    isPointless: hasNoPoint,
    maySend: pager.maySend,
    now,
    log,
  });
  let isFailing = false;
  let isStopped = false;

  function look(): void {
    if (isStopped) return;
    try {
      const reachable = people.list().filter((person) => waysTo(person, channels).length > 0);
      pager.page(reachable);
      for (const person of reachable) greet(person, timeOf(person));
      ledger.saveUnsaved();
      pumpSoon();
      isFailing = false;
    } catch (error) {
      if (!isFailing) log.error({ err: error }, 'who is to be told of alarms could not be decided; trying again');
      isFailing = true;
    }
  }

  function timeOf({ sites }: Person): LocalTime {
    return localTime(now(), plant.sites.get(sites?.[0] ?? '')?.timeZone ?? timeZone);
  }

  function isAwake(person: Person): boolean {
    return isWithin(person.hours, timeOf(person).minute);
  }

  function hasNoPoint(message: Message): boolean {
    return message.kind === 'morning' ? now() - message.at > LATE_MS : pager.hasNoPoint(message);
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
  // In a turn of its own: in a storm deciding is work enough for one, and the page waits for its answers.
  const pumpSoon = once(delivery.pump);
  const stops = [alarms.onAnnounce(hear), every(WATCH_MS, look), every(MINUTE_MS, keep)];
  if (heartbeat) stops.push(startHeartbeat(heartbeat, log));
  runTimes.note(now());
  lookSoon();

  function hear(announcements: readonly Announcement[]): void {
    pager.hear(announcements);
    lookSoon();
  }

  function keep(): void {
    runTimes.note(now());
    const standing = new Set(alarms.standing().map(({ id }) => id));
    try {
      ledger.forget((episode) => standing.has(episode), now());
    } catch {
      // A full disk, which has an alarm of its own; it is tried again.
    }
  }

  return {
    counts: ledger.counts,
    async stop() {
      isStopped = true;
      runTimes.note(now());
      for (const stop of stops) stop();
      const ended = Promise.all([delivery.stop(), ...[...channels.values()].map((channel) => channel.stop())]);
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, STOP_WITHIN_MS).unref())]);
      await ledger.close();
    },
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
