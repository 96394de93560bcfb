/** Notification over a desk, with people whose phones only write down what they get. To be used with fake timers. */
import { join } from 'node:path';
import { vi } from 'vitest';
import type { Notice, NotificationChannel, Sending } from '../../../ingest/alarms/notify/channels/channel.ts';
import { type Notify, type NotifyDependencies, startNotify } from '../../../ingest/alarms/notify/notify.ts';
import type { Alarm, JournalEntry } from '../../../model/alarm.ts';
import type { ConditionRaise } from '../../../model/condition.ts';
import type { SiteId } from '../../../model/ids.ts';
import { type ChannelName, type Person, parsePerson } from '../../../model/person.ts';
import { openDesk, type TestDesk } from '../../harness/alarms.ts';
import { silentLog, tankLow } from '../../harness/readings.ts';
import { temporaryFolder } from '../../harness/server.ts';
import { villagePlant } from '../alarms/village-world.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
/** Noon in Bishkek, long after the message of the morning. */
export const NOON = Date.parse('2026-11-23T12:30:00+06:00');

interface Received {
  readonly to: string;
  readonly notice: Notice;
  /** Minutes since the world began. */
  readonly atMin: number;
}

export interface NotifyWorld {
  readonly desk: TestDesk['desk'];
  readonly notify: Notify;
  /** `minute who: subject` of all but those of the morning, oldest first. */
  pages(): readonly string[];
  readonly received: readonly Received[];
  /** As the desk reminds of what nobody has acknowledged for long. */
  remind(id: string): void;
  /** Presses the button of a message. */
  press(chat: string, button: string): Promise<string>;
  /** Ends as kill -9 does, and starts again on what is on disk. */
  crash(): NotifyWorld;
}

export interface WorldOptions {
  readonly people: readonly Person[];
  readonly folder?: string;
  readonly turns?: ReadonlyMap<string, readonly string[]>;
  readonly received?: Received[];
  readonly begin?: number;
  /** What a channel says to a message. */
  readonly answer?: (channel: ChannelName, to: string, notice: Notice) => Sending | Promise<Sending>;
}

export function person(name: string, facts: object = {}): Person {
  const parsed = parsePerson({
    name,
    role: 'operator',
    language: 'en',
    turn: 1,
    addresses: { telegram: '1' },
    ...facts,
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.value;
}

export function condition(key: string, facts: Partial<ConditionRaise> = {}): ConditionRaise {
  return { ...tankLow, key, at: Date.now(), site: 'upper' as SiteId, device: null, ...facts };
}

export const back = (key: string) => ({ kind: 'return', key, at: Date.now(), isHistorical: false }) as const;

/** A desk that can be made to remind. */
function reminding(desk: TestDesk['desk']) {
  const reminders: JournalEntry[] = [];
  const listeners: ((alarm: Alarm) => void)[] = [];
  const alarms: NotifyDependencies['alarms'] = {
    ...desk,
    entriesOf: (id) => [...desk.entriesOf(id), ...reminders.filter(({ alarm }) => alarm === id)],
    onChange(listener) {
      listeners.push(listener);
      return desk.onChange(listener);
    },
  };
  function remind(id: string): void {
    const [alarm, entry] = [desk.get(id), desk.entriesOf(id).at(-1)];
    if (!alarm || !entry) throw new Error(`no alarm ${id}`);
    reminders.push({ ...entry, kind: 're-alarm', told: 'reminder' });
    for (const listener of listeners) listener(alarm);
  }
  return { alarms, remind };
}

export function openWorld(options: WorldOptions): NotifyWorld {
  const { people, folder = temporaryFolder(), turns = new Map(), received = [] } = options;
  const { begin = Date.now(), answer = () => ({ kind: 'sent' }) } = options;
  const plant = villagePlant();
  const { desk, journal } = openDesk({ plant, file: join(folder, 'alarms.db'), now: Date.now });
  const { alarms, remind } = reminding(desk);
  let press: NotifyWorld['press'] = async () => '';
  const channel = (name: ChannelName): NotificationChannel => ({
    async send(to, notice) {
      const sending = await answer(name, to, notice);
      if (sending.kind === 'sent') received.push({ to, notice, atMin: Math.floor((Date.now() - begin) / MINUTE) });
      return sending;
    },
    stop: async () => undefined,
  });
  const notify = startNotify(
    { plant, rules: [], dataDir: folder, turns, morningAt: '08:00', heartbeat: null },
    {
      alarms,
      people: { list: () => people, get: (name) => people.find((each) => each.name === name) },
      openChannels(acknowledge) {
        press = acknowledge;
        return new Map((['telegram', 'sms', 'email'] as const).map((name) => [name, channel(name)]));
      },
      now: Date.now,
      log: silentLog,
    },
  );
  return {
    desk,
    notify,
    received,
    remind,
    press: (chat, button) => press(chat, button),
    pages: () =>
      received
        .filter(({ notice }) => notice.facts.kind !== 'morning')
        .map(({ notice, atMin }) => `${atMin} ${notice.facts.person}: ${notice.subject}`),
    crash() {
      const now = Date.now();
      vi.clearAllTimers();
      // That sets the clock back, too.
      vi.setSystemTime(now);
      journal.close();
      return openWorld({ ...options, folder, received, begin });
    },
  };
}
