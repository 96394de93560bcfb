/** What is at the other end of each channel, made by hand: it takes messages, hangs, refuses, or answers late. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import type { NotificationChannel } from '../../../ingest/alarms/notify/channels/channel.ts';
import { openEmail } from '../../../ingest/alarms/notify/channels/email.ts';
import { openSms } from '../../../ingest/alarms/notify/channels/sms.ts';
import { openTelegram } from '../../../ingest/alarms/notify/channels/telegram.ts';
import { openWebhook } from '../../../ingest/alarms/notify/channels/webhook.ts';
import type { ChannelName } from '../../../model/person.ts';
import { silentLog } from '../../harness/readings.ts';
import { decode, serialLine, startModem, taken } from './modem-line.ts';

export type Mood = 'well' | 'hangs' | 'refuses' | 'late';

export interface Receiver {
  readonly name: ChannelName;
  readonly address: string;
  readonly channel: NotificationChannel;
  mood: Mood;
  /** How often it was given a message, taken or not. */
  attempts: number;
  /** Texts of the messages that it took. */
  readonly texts: string[];
}

interface Start {
  readonly mood: Mood;
  /** Of the channel. */
  readonly timeoutMs: number;
  readonly finallyDo: (end: () => unknown) => void;
}

/** Well within the time limit of a channel that is to wait for it. */
const LATE_MS = 300;

interface Reaction {
  /** Says that it has the message. */
  readonly take: () => void;
  readonly refuse: () => void;
}

type Front = Pick<Receiver, 'mood' | 'attempts' | 'texts'>;

function react(front: Front, text: string, { take, refuse }: Reaction): void {
  const { mood } = front;
  front.attempts++;
  const accept = (): void => {
    front.texts.push(text);
    take();
  };
  if (mood === 'well') accept();
  if (mood === 'late') setTimeout(accept, LATE_MS);
  if (mood === 'refuses') refuse();
}

type Opened = Pick<Receiver, 'name' | 'address' | 'channel'>;

async function smtp(front: Front, { timeoutMs, finallyDo }: Start): Promise<Opened> {
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    closeTimeout: 10,
    onData(stream, _session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const [, body = ''] = Buffer.concat(chunks).toString().split('\r\n\r\n');
        const refuse = (): void => callback(Object.assign(new Error('busy'), { responseCode: 451 }));
        react(front, Buffer.from(body, 'base64').toString(), { take: () => callback(), refuse });
      });
    },
  });
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  finallyDo(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const { port } = server.server.address() as AddressInfo;
  const options = { host: '127.0.0.1', port, from: 'watch@example.org', isSecure: false, timeoutMs };
  return { name: 'email', address: 'aida@example.org', channel: openEmail(options) };
}

/** The address of a server that takes bodies by POST; `answers`: what it says when it takes one. */
async function http(front: Front, finallyDo: Start['finallyDo'], answer: string): Promise<string> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { text } = JSON.parse(Buffer.concat(chunks).toString()) as { text: string };
    const refuse = (): void => void response.writeHead(503).end();
    react(front, text, { take: () => response.end(answer), refuse });
  }).listen(0, '127.0.0.1');
  finallyDo(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function bot(front: Front, { timeoutMs, finallyDo }: Start): Promise<Opened> {
  const apiUrl = await http(front, finallyDo, '{"ok":true,"result":{}}');
  const channel = openTelegram({ token: 'T', apiUrl, timeoutMs }, { log: silentLog, acknowledge: null });
  return { name: 'telegram', address: '42', channel };
}

async function hook(front: Front, { timeoutMs, finallyDo }: Start): Promise<Opened> {
  const address = await http(front, finallyDo, '');
  return { name: 'webhook', address, channel: openWebhook({ secret: 'shared', timeoutMs }) };
}

async function modem(front: Front, { timeoutMs, finallyDo }: Start): Promise<Opened> {
  const line = await serialLine(finallyDo);
  let text = '';
  const onText = (pdu: string, n: number): Promise<string> => {
    const { part, total, text: piece } = decode(pdu);
    text = part === 1 ? piece : text + piece;
    return new Promise((resolve) => {
      const reaction = { take: () => resolve(taken(n)), refuse: () => resolve('\r\n+CMS ERROR: 38\r\n') };
      // Of a message in parts the last one says whether it came.
      if (part === total) react(front, text, reaction);
      else reaction.take();
    });
  };
  await startModem({ path: line.theirs, onText, finallyDo });
  const channel = openSms({ path: line.ours, timeoutMs, sendTimeoutMs: timeoutMs });
  return { name: 'sms', address: '+996555123456', channel };
}

const OPEN = { email: smtp, telegram: bot, webhook: hook, sms: modem } as const;

export async function startReceiver(name: ChannelName, start: Start): Promise<Receiver> {
  const front: Front = { mood: start.mood, attempts: 0, texts: [] };
  return Object.assign(front, await OPEN[name](front, start));
}
