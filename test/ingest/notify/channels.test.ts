import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import type { Notice, NotificationChannel } from '../../../ingest/alarms/notify/channels/channel.ts';
import { openEmail } from '../../../ingest/alarms/notify/channels/email.ts';
import { openTelegram } from '../../../ingest/alarms/notify/channels/telegram.ts';
import { openWebhook } from '../../../ingest/alarms/notify/channels/webhook.ts';

const TEXT =
  'Суу сактагычта өрткө каршы запас гана калды.\nКайда: Жогорку суу сактагыч\nЭмне кылуу керек: насосту текшериңиз, үзгүлтүк барбы көрүңүз.';
const NOTICE: Notice = {
  id: 'n-1',
  subject: '■ Суу сактагычтын деңгээли: өтө маанилүү',
  text: TEXT,
  acknowledge: { alarm: 'tank-low.1', label: 'Көрдүм' },
  facts: { alarm: 'tank-low.1', priority: 'critical' },
};
const TIMEOUT_MS = 300;
const ended: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

function opened(channel: NotificationChannel): NotificationChannel {
  ended.push(() => channel.stop());
  return channel;
}

/** A server that takes a connection and says nothing. */
async function silentServer(): Promise<number> {
  const server = createTcpServer(() => undefined).listen(0, '127.0.0.1');
  const sockets = new Set<import('node:net').Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  ended.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A port where nobody listens any more. */
async function deadPort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

type Handler = (body: string, request: IncomingMessage, response: ServerResponse) => void;

async function httpServer(handle: Handler): Promise<string> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    handle(Buffer.concat(chunks).toString(), request, response);
  }).listen(0, '127.0.0.1');
  ended.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('e-mail', () => {
  async function smtpServer(refuse?: { readonly command: 'onRcptTo' | 'onData'; readonly code: number }) {
    const mails: string[] = [];
    const receivers: string[] = [];
    const refusal = Object.assign(new Error('no'), { responseCode: refuse?.code });
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onRcptTo({ address }, _session, callback) {
        receivers.push(address);
        callback(refuse?.command === 'onRcptTo' ? refusal : null);
      },
      onData(stream, _session, callback) {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          mails.push(Buffer.concat(chunks).toString());
          callback(refuse?.command === 'onData' ? refusal : null);
        });
      },
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ended.push(() => new Promise<void>((resolve) => server.close(() => resolve())));
    return { port: (server.server.address() as AddressInfo).port, mails, receivers };
  }
  const openOn = (port: number) =>
    opened(openEmail({ host: '127.0.0.1', port, from: 'watch@example.org', isSecure: false, timeoutMs: TIMEOUT_MS }));

  it('arrives whole, with its Kyrgyz letters', async () => {
    const { port, mails } = await smtpServer();
    expect(await openOn(port).send('operator@example.org', NOTICE)).toEqual({ kind: 'sent' });
    const [head = '', body = ''] = (mails[0] ?? '').split('\r\n\r\n');
    expect(head).toContain('To: operator@example.org');
    expect(decodeWords(head)).toContain(`Subject: ${NOTICE.subject}\r\n`);
    expect(head).toContain('Message-ID: <n-1@aimak-watch>');
    const isBase64 = /Content-Transfer-Encoding: base64/i.test(head);
    const text = isBase64 ? Buffer.from(body, 'base64').toString() : decodeQuotedPrintable(body);
    expect(text.replaceAll('\r\n', '\n').trim()).toBe(TEXT);
  });

  it('that is refused for now is tried again, and one to an unknown address is not', async () => {
    const busy = await smtpServer({ command: 'onData', code: 451 });
    expect(await openOn(busy.port).send('a@example.org', NOTICE)).toMatchObject({ kind: 'failed', mayRetry: true });
    const unknown = await smtpServer({ command: 'onRcptTo', code: 550 });
    expect(await openOn(unknown.port).send('a@example.org', NOTICE)).toMatchObject({ kind: 'failed', mayRetry: false });
  });

  it('fails within its time where the server hangs, or is not there', async () => {
    for (const port of [await silentServer(), await deadPort()]) {
      expect(await openOn(port).send('a@example.org', NOTICE)).toMatchObject({ kind: 'failed', mayRetry: true });
    }
  });

  it('takes no second receiver out of an address', async () => {
    const { port, receivers } = await smtpServer();
    await openOn(port).send('a@example.org, b@example.org', NOTICE);
    expect(receivers.length).toBeLessThan(2);
  });
});

describe('a webhook', () => {
  const openHook = () => opened(openWebhook({ secret: 'shared', timeoutMs: TIMEOUT_MS }));

  it('is signed, so that its receiver knows who sent it and when', async () => {
    let isGenuine = false;
    const url = await httpServer((body, { headers }, response) => {
      const signed = createHmac('sha256', 'shared').update(`${headers['x-aimak-timestamp']}.${body}`).digest('hex');
      isGenuine = headers['x-aimak-signature'] === `sha256=${signed}` && JSON.parse(body).text === TEXT;
      response.end();
    });
    expect(await openHook().send(url, NOTICE)).toEqual({ kind: 'sent' });
    expect(isGenuine).toBe(true);
  });

  it.each([
    [503, true],
    [429, true],
    [404, false],
    [302, false],
  ])('answered with %i may be tried again: %s', async (status, mayRetry) => {
    const url = await httpServer((_body, _request, response) => {
      response.writeHead(status, { 'retry-after': '7', location: '/elsewhere' }).end();
    });
    const sending = await openHook().send(url, NOTICE);
    expect(sending).toMatchObject({ kind: 'failed', mayRetry, retryAfterMs: 7000 });
  });

  it('fails within its time where the receiver hangs or is not there, and when it is stopped', async () => {
    for (const port of [await silentServer(), await deadPort()]) {
      const sending = await openHook().send(`http://127.0.0.1:${port}`, NOTICE);
      expect(sending).toMatchObject({ kind: 'failed', mayRetry: true });
    }
    const slow = openWebhook({ secret: 'shared', timeoutMs: 60_000 });
    const sending = slow.send(`http://127.0.0.1:${await silentServer()}`, NOTICE);
    await slow.stop();
    expect(await sending).toMatchObject({ kind: 'failed' });
  });
});

describe('Telegram', () => {
  interface Bot {
    readonly url: string;
    readonly calls: { readonly method: string; readonly params: Record<string, unknown> }[];
    press(data: string, chat: number): void;
    write(text: string, chat: number): void;
  }

  /** Speaks the bot API as far as it is used: answers, holds the question for news open, gives each press until confirmed. */
  async function botServer(refuse: Record<string, { status: number; body: string }> = {}): Promise<Bot> {
    const calls: Bot['calls'] = [];
    const updates: { update_id: number; callback_query?: object; message?: object }[] = [];
    const held = new Set<() => void>();
    const url = await httpServer((body, request, response) => {
      const method = request.url?.split('/').at(-1) ?? '';
      const params = JSON.parse(body) as Record<string, unknown>;
      const refusal = refuse[method];
      if (refusal) return void response.writeHead(refusal.status).end(refusal.body);
      calls.push({ method, params });
      const done = (result: unknown): void => void response.end(JSON.stringify({ ok: true, result }));
      if (method !== 'getUpdates') return done(true);
      const news = (): object[] => updates.filter((update) => update.update_id >= Number(params.offset));
      if (news().length > 0) return done(news());
      held.add(() => done(news()));
    });
    ended.push(() => held.clear());
    function tell(update: object): void {
      updates.push({ update_id: updates.length + 1, ...update });
      for (const release of held) release();
      held.clear();
    }
    return {
      url,
      calls,
      press: (data, id) => tell({ callback_query: { id: 'q', data, message: { chat: { id } } } }),
      write: (text, id) => tell({ message: { text, chat: { id } } }),
    };
  }

  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const openBot = (apiUrl: string, acknowledge = async (_chat: string, _alarm: string) => 'ok') =>
    opened(openTelegram({ token: 'T', apiUrl, timeoutMs: TIMEOUT_MS, retryMs: 5 }, { log, acknowledge }));

  it('gets the text and a button', async () => {
    const bot = await botServer();
    expect(await openBot(bot.url).send('42', NOTICE)).toEqual({ kind: 'sent' });
    const { params } = bot.calls.find(({ method }) => method === 'sendMessage') ?? {};
    expect(params).toEqual({
      chat_id: '42',
      text: `${NOTICE.subject}\n\n${TEXT}`,
      reply_markup: { inline_keyboard: [[{ text: 'Көрдүм', callback_data: 'ack:tank-low.1' }]] },
    });
  });

  it('hands on a pressed button once, and tells who pressed it what became of it', async () => {
    const bot = await botServer();
    const pressed: string[] = [];
    openBot(bot.url, async (chat, alarm) => {
      pressed.push(`${chat} ${alarm}`);
      return 'Seen by Aida';
    });
    bot.press('ack:tank-low.1', 42);
    await expect.poll(() => bot.calls.filter(({ method }) => method === 'answerCallbackQuery').length).toBe(1);
    await expect.poll(() => bot.calls.at(-1)?.params.offset).toBe(2);
    expect(pressed).toEqual(['42 tank-low.1']);
    const told = bot.calls.find(({ method }) => method === 'answerCallbackQuery');
    expect(told?.params).toEqual({ callback_query_id: 'q', text: 'Seen by Aida' });
  });

  it('tells whoever begins with the bot the number of the chat, and says nothing to other talk', async () => {
    const bot = await botServer();
    openBot(bot.url);
    bot.write('good morning', 41);
    bot.write('/start', 42);
    const sent = () => bot.calls.filter(({ method }) => method === 'sendMessage').map(({ params }) => params);
    await expect.poll(() => bot.calls.at(-1)?.params.offset).toBe(3);
    expect(sent()).toEqual([{ chat_id: 42, text: 'Telegram: 42' }]);
  });

  it('only sends where nobody wants to hear of buttons', async () => {
    const bot = await botServer();
    const channel = opened(
      openTelegram({ token: 'T', apiUrl: bot.url, timeoutMs: TIMEOUT_MS }, { log, acknowledge: null }),
    );
    await channel.send('42', NOTICE);
    expect(bot.calls.map(({ method }) => method)).toEqual(['sendMessage']);
  });

  it('waits as long as the service asks, and gives up on a chat that is not there', async () => {
    const busy = { status: 429, body: '{"ok":false,"description":"Too Many","parameters":{"retry_after":9}}' };
    const gone = { status: 400, body: '{"ok":false,"description":"Bad Request: chat not found"}' };
    const onBusy = openBot((await botServer({ sendMessage: busy })).url);
    expect(await onBusy.send('42', NOTICE)).toMatchObject({ mayRetry: true, retryAfterMs: 9000 });
    const onGone = openBot((await botServer({ sendMessage: gone })).url);
    expect(await onGone.send('42', NOTICE)).toEqual({
      kind: 'failed',
      reason: '400 Bad Request: chat not found',
      mayRetry: false,
      retryAfterMs: null,
    });
  });

  it('never says its token, whatever answers', async () => {
    const page = { status: 502, body: '<html>bad gateway</html>' };
    const urls = [(await botServer({ sendMessage: page })).url, `http://127.0.0.1:${await deadPort()}`];
    for (const url of urls) {
      const sending = await opened(
        openTelegram({ token: 'SECRET', apiUrl: url, timeoutMs: TIMEOUT_MS }, { log, acknowledge: async () => '' }),
      ).send('42', NOTICE);
      expect(sending).toMatchObject({ kind: 'failed', mayRetry: true });
      expect(JSON.stringify(sending)).not.toContain('SECRET');
    }
  });
});

/** RFC 2047: words of a header that are not in ASCII, over as many lines as they take. */
function decodeWords(head: string): string {
  return head
    .replace(/\?=\r\n =\?/g, '?==?')
    .replace(/=\?utf-8\?([bq])\?(.*?)\?=/gi, (_, coding: string, text: string) => {
      if (coding.toLowerCase() === 'b') return Buffer.from(text, 'base64').toString();
      return decodeQuotedPrintable(text.replaceAll('_', ' '));
    });
}

function decodeQuotedPrintable(text: string): string {
  const bytes = text
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}
