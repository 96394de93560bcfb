/** Notification as the configuration wants it: its channels, with the secrets out of their files. */
import { readFileSync } from 'node:fs';
import type { NotificationChannel } from '../ingest/alarms/notify/channels/channel.ts';
import { openTelegram, type TelegramDependencies } from '../ingest/alarms/notify/channels/telegram.ts';
import { openWebhook } from '../ingest/alarms/notify/channels/webhook.ts';
import type { Channels } from '../ingest/alarms/notify/deliver.ts';
import { type Notify, startNotify } from '../ingest/alarms/notify/notify.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { People } from '../ingest/people/people.ts';
import type { Log } from '../model/log.ts';
import type { ChannelName } from '../model/person.ts';
import type { NotifySettings } from './config/notify-settings.ts';
import { sitesIn } from './config/own-sites.ts';
import { faultsAmong } from './config/people-faults.ts';
import type { PlantFiles } from './config/plant-files.ts';
import type { Settings } from './config/settings.ts';
import { StartError } from './start-error.ts';

const HEARTBEAT_MIN = 5;
const SUBMISSION = 587;
const SUBMISSION_TLS = 465;

export interface NotificationDependencies {
  readonly ingest: Pick<Ingest, 'alarms' | 'now'>;
  readonly people: People;
  readonly log: Log;
  /** A file of the data folder proves to be damaged, and is to be set aside. */
  readonly onDamage?: (file: string, reason: string) => void;
}

export async function startNotification(
  options: PlantFiles & { readonly settings: Settings },
  { ingest, people, log, onDamage }: NotificationDependencies,
): Promise<Notify> {
  const { settings, plant, rules } = options;
  const { heartbeat, turns, morning } = settings.notify;
  for (const fault of faultsAmong(people.list(), settings, sitesIn(options))) log.warn({}, fault);
  const open = await channelsOf(settings.notify);
  return startNotify(
    {
      plant,
      rules,
      dataDir: settings.dataDir,
      turns: new Map(turns.map(({ site, people: names }) => [site, names])),
      morningAt: morning,
      heartbeat: heartbeat ? { url: heartbeat.url, everyMs: (heartbeat.everyMin ?? HEARTBEAT_MIN) * 60_000 } : null,
    },
    {
      ...ingest,
      people,
      log,
      ...(onDamage && { onDamage }),
      openChannels: (acknowledge) => open({ log, acknowledge }),
    },
  );
}

type OpenChannel = (dependencies: TelegramDependencies) => NotificationChannel;

/**
 * Opens those that are set up, in the order in which they are tried. Mail and modem are loaded only where they are: they
 * take 35 MB.
 */
export async function channelsOf(notify: NotifySettings): Promise<(dependencies: TelegramDependencies) => Channels> {
  const load: Readonly<Record<ChannelName, () => Promise<OpenChannel | null>>> = {
    async email() {
      if (!notify.email) return null;
      const { secure, port = secure ? SUBMISSION_TLS : SUBMISSION, passwordFile, ...rest } = notify.email;
      const password = passwordFile === undefined ? undefined : readSecret(passwordFile);
      const { openEmail } = await import('../ingest/alarms/notify/channels/email.ts');
      return () => openEmail({ ...rest, port, password, isSecure: secure ?? port === SUBMISSION_TLS });
    },
    async telegram() {
      if (!notify.telegram) return null;
      const { tokenFile, ...rest } = notify.telegram;
      const options = { ...defined(rest), token: readSecret(tokenFile) };
      return (dependencies) => openTelegram(options, dependencies);
    },
    async sms() {
      if (!notify.sms) return null;
      const { port: path, ...rest } = notify.sms;
      const { openSms } = await import('../ingest/alarms/notify/channels/sms.ts');
      return () => openSms({ ...defined(rest), path });
    },
    async webhook() {
      if (!notify.webhook) return null;
      const secret = readSecret(notify.webhook.secretFile);
      return () => openWebhook({ secret });
    },
  };
  const loaded = await Promise.all(notify.channels.map(async (name) => [name, await load[name]()] as const));
  return (dependencies) =>
    new Map(loaded.flatMap(([name, open]) => (open ? [[name, open(dependencies)] as const] : [])));
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

const defined = <T extends object>(options: T): Defined<T> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Defined<T>;

function readSecret(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new StartError(`${file}: the secret cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
