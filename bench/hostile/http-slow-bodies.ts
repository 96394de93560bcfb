/** Requests that never end, connections that never say anything, and answers that nobody reads. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Attack } from './attack.ts';
import { createRawLines, type RawLine } from './raw-lines.ts';

const OF_EACH_KIND = 100;
const PIPELINED = 500;
const DRIBBLE_MS = 2_000;
/** A minute, and what the server needs to see it. */
const CLOSED_WITHIN_MS = 75_000;

export const httpSlowBodies: Attack = {
  name: 'slow bodies',
  async run(target, signal) {
    const host = `Host: ${target.host}`;
    const lines = createRawLines(target, signal);
    const open = (text: string, reads = true): RawLine[] =>
      Array.from({ length: OF_EACH_KIND }, () => {
        const line = lines.open({ reads });
        void line.say(text);
        return line;
      });
    const json = 'Content-Type: application/json\r\nContent-Length: 60000';
    const plants = `GET /api/plant HTTP/1.1\r\n${host}\r\n\r\n`.repeat(PIPELINED);
    try {
      const slow = [
        ...open(`POST /api/session HTTP/1.1\r\n${host}\r\n${json}\r\n\r\n{"user":"`),
        ...open(`POST /elsewhere HTTP/1.1\r\n${host}\r\n${json}\r\n\r\n{`),
        ...open(`GET /api/health HTTP/1.1\r\n${host}\r\nX-Long: `),
      ];
      open('');
      open(plants, false);
      const untilMs = performance.now() + CLOSED_WITHIN_MS;
      while (!signal.aborted && performance.now() < untilMs && slow.some((line) => !line.isClosed())) {
        await Promise.all(slow.map((line) => line.say('x')));
        await delay(DRIBBLE_MS, undefined, { signal }).catch(() => undefined);
      }
      await lines.whenClosed(untilMs - performance.now());
      return `${5 * OF_EACH_KIND} connections held; ${lines.closedCount()} closed by the server`;
    } finally {
      lines.end();
    }
  },
};
