/** What was acknowledged and not stored, for people: a text file of bounded size, one JSON object a line. */
import { statSync } from 'node:fs';
import { appendFile, rename } from 'node:fs/promises';
import type { Log } from '../model/log.ts';
import type { Reject } from './accept.ts';

export interface RejectLog {
  write(rejects: readonly Reject[], atMs: number): void;
  /** Resolves once all is written. */
  stop(): Promise<void>;
}

/** Two files of this size at most: the current one, and the one before as `.1`. */
const MAX_BYTES = 4 * 1024 * 1024;
const MAX_LINES_A_MESSAGE = 20;
/** Waiting for a slow card at the most; what comes beyond is counted as rejected, and missing here. */
const MAX_WAITING_CHARS = 1024 * 1024;
/** One log line per reason and device in this time: a device that repeats its fault must not flood the log. */
const QUIET_MS = 60_000;
/** A sender can invent device names: the memory of what was said is cleared at this size. */
const MAX_REMEMBERED = 1_000;

export function createRejectLog({ file, log }: { file: string; log: Log }): RejectLog {
  const saidAt = new Map<string, number>();
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

  function say(reject: Reject, atMs: number): void {
    const key = `${reject.reason} ${reject.device}`;
    if (atMs - (saidAt.get(key) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return;
    if (saidAt.size >= MAX_REMEMBERED) saidAt.clear();
    saidAt.set(key, atMs);
    log.warn(reject, `rejected: ${reject.reason} (more of the same is silent for a minute; see rejects.jsonl)`);
  }

  return {
    write(rejects, atMs) {
      if (rejects.length === 0) return;
      for (const reject of rejects.slice(0, MAX_LINES_A_MESSAGE)) say(reject, atMs);
      if (waiting.length > MAX_WAITING_CHARS) return;
      waiting += linesOf(rejects, atMs);
      writing ??= writeAll();
    },
    async stop() {
      await writing;
    },
  };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
