/** A modem made by hand at the far end of a pseudo-terminal: it answers AT commands as a real one does. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { openSerialPort } from '../../../link/serial-port.ts';

export const NO_MODEM_LINE = spawnSync('socat', ['-V']).error ? 'socat is not there (apt-get install socat)' : null;

/** Takes what is to be done in the end. */
type Finally = (end: () => unknown) => void;

/** Two ends of one line: what is written at one is read at the other. */
export async function serialLine(finallyDo: Finally): Promise<{ ours: string; theirs: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'aimak-modem-'));
  const [ours, theirs] = [join(folder, 'ours'), join(folder, 'theirs')];
  const socat = spawn('socat', [`pty,raw,echo=0,link=${ours}`, `pty,raw,echo=0,link=${theirs}`]);
  finallyDo(() => {
    socat.kill();
    rmSync(folder, { recursive: true });
  });
  await expect.poll(() => existsSync(ours) && existsSync(theirs)).toBe(true);
  return { ours, theirs };
}

export interface ModemOptions {
  readonly path: string;
  /** Gets the text of each message and how many there were; says what the modem answers. Null: nothing. */
  readonly onText?: (pdu: string, n: number) => string | null | Promise<string>;
  readonly finallyDo: Finally;
}

export const taken = (n: number): string => `\r\n+CMGS: ${n}\r\n\r\nOK\r\n`;

export async function startModem({ path, onText = (_, n) => taken(n), finallyDo }: ModemOptions) {
  const commands: string[] = [];
  const texts: string[] = [];
  const say = (text: string | null): void => void (text !== null && port.write(text));
  /** What a line means, by the character that ends it. */
  const hear: Record<string, (line: string) => void> = {
    '\u001a': async (pdu) => say(await onText(pdu, texts.push(pdu))),
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
  finallyDo(port.close);
  return { commands, texts };
}

/** TS 23.040: number, coding and text of a submitted part. */
export function decode(pdu: string) {
  const digits = Number.parseInt(pdu.slice(6, 8), 16);
  const end = 10 + digits + (digits % 2);
  const number = pdu.slice(10, end).replace(/(.)(.)/g, '$2$1');
  const octets = Buffer.from(pdu.slice(end + 6), 'hex');
  const hasHeader = (Number.parseInt(pdu.slice(2, 4), 16) & 0x40) !== 0;
  const header = hasHeader ? octets.subarray(0, 1 + (octets[0] ?? 0)) : octets.subarray(0, 0);
  const text = Buffer.from(octets.subarray(header.length)).swap16().toString('utf16le');
  const length = Number.parseInt(pdu.slice(end + 4, end + 6), 16);
  const [reference, total = 1, part = 1] = hasHeader ? [header.readUInt16BE(3), header[5], header[6]] : [null];
  const whole = { reference, total, part };
  return { number, coding: pdu.slice(end + 2, end + 4), length, octets: octets.length, text, ...whole };
}
