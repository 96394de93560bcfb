/** How many villages fare: one line that stays where it is at a terminal, elsewhere a line of the log every ten seconds. */
import { clearLine, cursorTo } from 'node:readline';
import type { Log } from '../../model/log.ts';
import type { VillagesStatus } from './start-villages.ts';

const AT_TERMINAL_EVERY_MS = 1000;
const IN_LOG_EVERY_MS = 10_000;
/** The same trouble of thousands of connections is told once in that time. */
const SAME_AGAIN_MS = 60_000;

export interface Summary {
  /** The last one, for good. */
  finish(): void;
}

export function startSummary(status: () => VillagesStatus, log: Log): Summary {
  const { isTTY } = process.stderr;
  let before = { sent: 0, atMs: performance.now() };

  function tell(): void {
    const now = status();
    const atMs = performance.now();
    const readingsPerS = Math.round((now.sent - before.sent) / ((atMs - before.atMs) / 1000));
    before = { sent: now.sent, atMs };
    const rssMb = Math.round(now.rssMb);
    if (isTTY) atTerminal(lineOf({ ...now, rssMb, readingsPerS }));
    else log.info({ readingsPerS, ...now, rssMb }, 'villages');
  }

  const telling = setInterval(tell, isTTY ? AT_TERMINAL_EVERY_MS : IN_LOG_EVERY_MS);
  return {
    finish() {
      clearInterval(telling);
      tell();
      if (isTTY) process.stderr.write('\n');
    },
  };
}

/** Of what the many have to say: trouble, each once in a while, and not through the line of the summary. */
export function quietly(log: Log): Log {
  const toldAt = new Map<string, number>();
  const once =
    (level: 'warn' | 'error') =>
    (facts: object, sentence: string): void => {
      const lastMs = toldAt.get(sentence) ?? Number.NEGATIVE_INFINITY;
      if (performance.now() - lastMs < SAME_AGAIN_MS) return;
      toldAt.set(sentence, performance.now());
      if (process.stderr.isTTY) atTerminal('');
      log[level](facts, sentence);
    };
  return { info: () => undefined, warn: once('warn'), error: once('error') };
}

function lineOf(status: VillagesStatus & { readonly readingsPerS: number }): string {
  const count = (n: number): string => n.toLocaleString('en');
  const { villages, connected, connections, readingsPerS, sent, waiting, late, latestMs, faults, rssMb } = status;
  // What matters most first: a narrow terminal cuts the rest off.
  return [
    `${count(readingsPerS)} readings/s`,
    `${count(sent)} sent`,
    `${count(waiting)} waiting`,
    `${count(late)} late (most ${(latestMs / 1000).toFixed(1)} s)`,
    `${faults} faults`,
    `${rssMb} MB`,
    `${count(connected)} of ${count(connections)} connected`,
    `${villages} villages`,
  ].join(', ');
}

function atTerminal(line: string): void {
  cursorTo(process.stderr, 0);
  clearLine(process.stderr, 0);
  process.stderr.write(line.slice(0, (process.stderr.columns ?? 80) - 1));
}
