/** What was acknowledged and not stored, for people: a text file of bounded size, one JSON object a line. */
import { statSync } from 'node:fs';
import { appendFile, rename } from 'node:fs/promises';
import { createLimitedLog } from '../model/limited-log.ts';
import type { Log } from '../model/log.ts';
import type { Reject } from './accept.ts';

export interface RejectLog {
  write(rejects: readonly Reject[], atMs: number): void;
  /** Once a second or so: tells the log of what was kept back. */
  tick(atMs: number): void;
  /** Resolves once all is written. */
  stop(): Promise<void>;
}

/** Two files of this size at most: the current one, and the one before as `.1`. */
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_LINES_A_MESSAGE = 20;
/** Waiting for a slow card at the most; what comes beyond is counted as rejected, and missing here. */
const MAX_WAITING_CHARS = 1024 * 1024;
/** Written in a minute at the most, lest a flood wears out the card; what comes beyond is counted in a line of its own. */
const MAX_CHARS_A_MINUTE = MAX_BYTES;
const MINUTE_MS = 60_000;

interface RejectLogParts {
  readonly file: string;
  readonly log: Log;
  /** A sender can invent devices: those that there are not are one kind in the log. */
  readonly isDevice: (device: string) => boolean;
}

export function createRejectLog({ file, log, isDevice }: RejectLogParts): RejectLog {
  let nowMs = 0;
  const said = createLimitedLog(log, () => nowMs);
  const minute = { sinceMs: Number.NEGATIVE_INFINITY, chars: 0, untold: 0 };
  let bytes = sizeOf(file);

  let waiting = '';
  let writing: Promise<void> | null = null;
  let isFailing = false;

  async function writeAll(): Promise<void> {
    while (waiting !== '') {
      const lines = waiting;
      waiting = '';
      try {
        await append(lines);
        isFailing = false;
      } catch (error) {
        if (!isFailing) log.error({ err: error }, 'the reject log cannot be written');
        isFailing = true;
      }
    }
    writing = null;
  }

  async function append(lines: string): Promise<void> {
    if (bytes > 0 && bytes + lines.length > MAX_BYTES) {
      await rename(file, `${file}.1`);
      bytes = 0;
    }
    await appendFile(file, lines);
    bytes += Buffer.byteLength(lines);
  }

  /** The first few of one message: a message of thousands of faults is one fault of its sender. */
  function linesOf(rejects: readonly Reject[], atMs: number): string {
    const at = new Date(atMs).toISOString();
    const lines = rejects.slice(0, MAX_LINES_A_MESSAGE).map((reject) => `${JSON.stringify({ at, ...reject })}\n`);
    const more = rejects.length - lines.length;
    if (more > 0) lines.push(`${JSON.stringify({ at, more })}\n`);
    return lines.join('');
  }

  function say(reject: Reject): void {
    const { reason, device } = reject;
    const sentence = `rejected: ${reason} (more of the same is silent for a minute; see rejects.jsonl)`;
    said.warn(reject, sentence, isDevice(device) ? `${reason} ${device}` : reason);
  }

  /** What of it is still to be written in this minute. */
  function withinMinute(lines: string, rejects: number, atMs: number): string {
    const isOver = Math.abs(atMs - minute.sinceMs) >= MINUTE_MS;
    const untold = isOver ? minute.untold : 0;
    if (isOver) Object.assign(minute, { sinceMs: atMs, chars: 0, untold: 0 });
    const isRoom = waiting.length <= MAX_WAITING_CHARS && minute.chars + lines.length <= MAX_CHARS_A_MINUTE;
    if (isRoom) minute.chars += lines.length;
    else minute.untold += rejects;
    const more = untold > 0 ? `${JSON.stringify({ at: new Date(atMs).toISOString(), more: untold })}\n` : '';
    return more + (isRoom ? lines : '');
  }

  return {
    write(rejects, atMs) {
      if (rejects.length === 0) return;
      nowMs = atMs;
      for (const reject of rejects.slice(0, MAX_LINES_A_MESSAGE)) say(reject);
      waiting += withinMinute(linesOf(rejects, atMs), rejects.length, atMs);
      if (waiting !== '') writing ??= writeAll();
    },
    tick(atMs) {
      nowMs = atMs;
      said.tick();
    },
    async stop() {
      await writing;
    },
  };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
