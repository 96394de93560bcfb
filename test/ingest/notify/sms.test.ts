import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Notice } from '../../../ingest/alarms/notify/channels/channel.ts';
import { openSms } from '../../../ingest/alarms/notify/channels/sms.ts';
import { openSerialPort } from '../../../link/serial-port.ts';

const WHY_NOT = spawnSync('socat', ['-V']).error ? 'socat is not there (apt-get install socat)' : null;
const NOTICE: Notice = {
  id: 'n-1',
  subject: 'Аларм: өтө маанилүү',
  text: 'Суу сактагычта өрткө каршы запас гана калды. Кайда: Жогорку суу сактагыч. Үзгүлтүк барбы, көрүңүз.',
  acknowledge: null,
  facts: {},
};
const ended: (() => unknown)[] = [];

beforeEach(({ skip }) => {
  if (WHY_NOT) skip(WHY_NOT);
});

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

/** Two ends of one line: what is written at one is read at the other. */
async function serialLine(): Promise<{ ours: string; theirs: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'aimak-modem-'));
  const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')];
  const socat = spawn('socat', [`pty,raw,echo=0,link=${ours}`, `pty,raw,echo=0,link=${theirs}`]);
  ended.push(() => {
    socat.kill();
    rmSync(folder, { recursive: true });
  });
  await expect.poll(() => existsSync(ours) && existsSync(theirs)).toBe(true);
  return { ours, theirs };
}

/** Answers as a modem does. `onText`: what it says to the text of a message; null: nothing. */
async function modem(path: string, onText: (n: number) => string | null = (n) => `\r\n+CMGS: ${n}\r\n\r\nOK\r\n`) {
  const commands: string[] = [];
  const texts: string[] = [];
  const say = (text: string | null): void => void (text !== null && port.write(text));
  /** What a line means, by the character that ends it. */
  const hear: Record<string, (line: string) => void> = {
    '\u001a': (pdu) => say(onText(texts.push(pdu))),
    '\r': (command) => {
      commands.push(command);
      say(command.startsWith('AT+CMGS') ? '\r\n> ' : '\r\nOK\r\n');
    },
    '\u001b': () => undefined,
  };
  let line = '';
  function bytes(data: Uint8Array): void {
    for (const char of Buffer.from(data).toString('latin1')) {
      hear[char]?.(line);
      line = char in hear ? '' : line + char;
    }
  }
  const port = await openSerialPort({ path, baud: 115_200 }, { bytes, ended: () => undefined });
  ended.push(port.close);
  return { commands, texts };
}

const openOn = (path: string) => {
  const channel = openSms({ path, timeoutMs: 1_000, sendTimeoutMs: 1_000 });
  ended.push(() => channel.stop());
  return channel;
};

/** TS 23.040: number, coding and text of a submitted part. */
function decode(pdu: string) {
  const digits = Number.parseInt(pdu.slice(6, 8), 16);
  const end = 10 + digits + (digits % 2);
  const number = pdu.slice(10, end).replace(/(.)(.)/g, '$2$1');
  const octets = Buffer.from(pdu.slice(end + 6), 'hex');
  const hasHeader = (Number.parseInt(pdu.slice(2, 4), 16) & 0x40) !== 0;
  const header = hasHeader ? octets.subarray(0, 1 + (octets[0] ?? 0)) : octets.subarray(0, 0);
  const text = Buffer.from(octets.subarray(header.length)).swap16().toString('utf16le');
  const length = Number.parseInt(pdu.slice(end + 4, end + 6), 16);
  return { number, coding: pdu.slice(end + 2, end + 4), length, octets: octets.length, header, text };
}

it('SMS: Kyrgyz letters arrive intact, in parts of at most 140 octets', async () => {
  const line = await serialLine();
  const { commands, texts } = await modem(line.theirs);
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

it('SMS: what would cost more than three parts is cut, and shows it', async () => {
  const line = await serialLine();
  const { texts } = await modem(line.theirs);
  await openOn(line.ours).send('+996555123456', { ...NOTICE, text: NOTICE.text.repeat(9) });
  expect(texts.length).toBeLessThanOrEqual(4);
  expect(texts.map((pdu) => decode(pdu).text).join('')).toMatch(/…$/);
});

it.each([
  ['\r\n+CMS ERROR: 1\r\n', false],
  ['\r\n+CMS ERROR: 38\r\n', true],
  ['\r\nERROR\r\n', true],
])('SMS: the modem answers %j, trying again: %s', async (answer, mayRetry) => {
  const line = await serialLine();
  await modem(line.theirs, () => answer);
  expect(await openOn(line.ours).send('+996555123456', NOTICE)).toMatchObject({ kind: 'failed', mayRetry });
});

it('SMS: a modem that hangs, or is not there, fails one message and not the next', async () => {
  const missing = await openOn(join(tmpdir(), 'no-such-port')).send('+996555123456', NOTICE);
  expect(missing).toMatchObject({ kind: 'failed', mayRetry: true });
  const line = await serialLine();
  const { texts } = await modem(line.theirs, (n) => (n === 1 ? null : `\r\n+CMGS: ${n}\r\n\r\nOK\r\n`));
  const channel = openOn(line.ours);
  const sendings = await Promise.all([1, 2].map(() => channel.send('+996555123456', NOTICE)));
  expect(sendings.map(({ kind }) => kind)).toEqual(['failed', 'sent']);
  expect(texts.length).toBe(3);
});
