import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Notice } from '../../../ingest/alarms/notify/channels/channel.ts';
import { openSms } from '../../../ingest/alarms/notify/channels/sms.ts';
import { decode, NO_MODEM_LINE, serialLine, startModem, taken } from './modem-line.ts';

const NOTICE: Notice = {
  id: 'n-1',
  subject: 'Аларм: өтө маанилүү',
  text: 'Суу сактагычта өрткө каршы запас гана калды. Кайда: Жогорку суу сактагыч. Үзгүлтүк барбы, көрүңүз.',
  acknowledge: null,
  facts: {},
};
const ended: (() => unknown)[] = [];

beforeEach(({ skip }) => {
  if (NO_MODEM_LINE) skip(NO_MODEM_LINE);
});

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

const finallyDo = (end: () => unknown): void => void ended.push(end);

const openOn = (path: string) => {
  const channel = openSms({ path, timeoutMs: 1_000, sendTimeoutMs: 1_000 });
  ended.push(() => channel.stop());
  return channel;
};

it('SMS: Kyrgyz letters arrive intact, in parts of at most 140 octets', async () => {
  const line = await serialLine(finallyDo);
  const { commands, texts } = await startModem({ path: line.theirs, finallyDo });
  expect(await openOn(line.ours).send('+996555123456', NOTICE)).toEqual({ kind: 'sent' });
  const parts = texts.map(decode);
  expect(parts.map(({ text }) => text).join('')).toBe(`${NOTICE.subject}\n${NOTICE.text}`);
  expect(parts.length).toBe(2);
  for (const { number, coding, length, octets } of parts) {
    expect([number, coding, length]).toEqual(['996555123456', '08', octets]);
    expect(octets).toBeLessThanOrEqual(140);
  }
  const lengths = commands.filter((command) => command.startsWith('AT+CMGS')).map((command) => command.slice(8));
  // Without the service centre's octet.
  expect(lengths).toEqual(texts.map((pdu) => String(pdu.length / 2 - 1)));
});

it('SMS: what would cost more than three parts is cut to three, and shows it', async () => {
  const line = await serialLine(finallyDo);
  const { texts } = await startModem({ path: line.theirs, finallyDo });
  await openOn(line.ours).send('+996555123456', { ...NOTICE, text: NOTICE.text.repeat(9) });
  const parts = texts.map(decode);
  expect(parts.map(({ part, total }) => [part, total])).toEqual([1, 2, 3].map((n) => [n, 3]));
  for (const { octets } of parts) expect(octets).toBeLessThanOrEqual(140);
  expect(parts.map(({ text }) => text).join('')).toMatch(/…$/);
});

it('SMS: news of the network before and behind the answer does not make it a failure', async () => {
  const line = await serialLine(finallyDo);
  const onText = (_: string, n: number): string => `\r\n^BOOT:1\r\n${taken(n)}\r\n^RSSI:20\r\n`;
  const { texts } = await startModem({ path: line.theirs, onText, finallyDo });
  expect(await openOn(line.ours).send('+996555123456', NOTICE)).toEqual({ kind: 'sent' });
  expect(texts).toHaveLength(2);
});

it('SMS: of a message that was taken in part only the rest goes again, as part of the same', async () => {
  const line = await serialLine(finallyDo);
  const onText = (_: string, n: number): string => (n === 2 ? '\r\n+CMS ERROR: 38\r\n' : taken(n));
  const { texts } = await startModem({ path: line.theirs, onText, finallyDo });
  const channel = openOn(line.ours);
  expect(await channel.send('+996555123456', NOTICE)).toMatchObject({ kind: 'failed', mayRetry: true });
  expect(await channel.send('+996555123456', { ...NOTICE, id: 'n-2' })).toEqual({ kind: 'sent' });
  expect(await channel.send('+996555123456', NOTICE)).toEqual({ kind: 'sent' });
  const parts = texts.map(decode);
  expect(parts.map(({ part }) => part)).toEqual([1, 2, 1, 2, 2]);
  expect(parts[4]?.reference).toBe(parts[0]?.reference);
});

it.each([
  ['\r\n+CMS ERROR: 1\r\n', false],
  ['\r\n+CMS ERROR: 38\r\n', true],
  ['\r\nERROR\r\n', true],
])('SMS: the modem answers %j, trying again: %s', async (answer, mayRetry) => {
  const line = await serialLine(finallyDo);
  await startModem({ path: line.theirs, onText: () => answer, finallyDo });
  expect(await openOn(line.ours).send('+996555123456', NOTICE)).toMatchObject({ kind: 'failed', mayRetry });
});

it('SMS: a modem that hangs, or is not there, fails one message and not the next', async () => {
  const missing = await openOn(join(tmpdir(), 'no-such-port')).send('+996555123456', NOTICE);
  expect(missing).toMatchObject({ kind: 'failed', mayRetry: true });
  const line = await serialLine(finallyDo);
  const { texts } = await startModem({
    path: line.theirs,
    onText: (_, n) => (n === 1 ? null : taken(n)),
    finallyDo,
  });
  const channel = openOn(line.ours);
  const sendings = await Promise.all([1, 2].map(() => channel.send('+996555123456', NOTICE)));
  expect(sendings.map(({ kind }) => kind)).toEqual(['failed', 'sent']);
  expect(texts.length).toBe(3);
});
