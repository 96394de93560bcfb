/** One line of `strace -f -yy -xx`: who called what on which file or socket, with which bytes. */

export interface TraceEvent {
  readonly thread: string;
  readonly call: string;
  /** What the descriptor stands for: a path, or a socket with both its ends. */
  readonly target: string;
  /** All that was handed over; of a read, what came back. */
  readonly bytes: Uint8Array;
  /** -1 for a failure; null while the call runs. */
  readonly result: number | null;
  /** The end of a call whose begin was another line. */
  readonly isResumed: boolean;
}

const CALL = /^(\d+) +(\w+)\(\d+<(.*?)>(?=[,)]| <unfinished)(.*)$/s;
const RESUMED = /^(\d+) +<\.\.\. (\w+) resumed>(.*)$/s;
const RESULT = /\) += (-?\d+)(?: |$)[^"]*$/;
const TEXT = /"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?/g;

/** Null for what is no call on a descriptor. */
export function parseTraceLine(line: string): TraceEvent | null {
  const [, thread, call, target, rest] = CALL.exec(line) ?? [];
  if (thread !== undefined && call !== undefined && target !== undefined && rest !== undefined) {
    return { thread, call, target: readable(target), ...outcome(rest), isResumed: false };
  }
  const [, ofThread, name, tail] = RESUMED.exec(line) ?? [];
  if (ofThread === undefined || name === undefined || tail === undefined) return null;
  return { thread: ofThread, call: name, target: '', ...outcome(tail), isResumed: true };
}

function outcome(text: string): { bytes: Uint8Array; result: number | null } {
  const texts = [...text.matchAll(TEXT)];
  if (texts.some(([, , cut]) => cut !== undefined)) throw new Error('strace has cut bytes short: raise its -s');
  const [, result] = RESULT.exec(text) ?? [];
  return {
    bytes: unescaped(texts.map(([, escaped = '']) => escaped).join('')),
    result: result === undefined ? null : Number(result),
  };
}

/** strace writes sockets as they are, but of a path every character in hexadecimal. */
function readable(target: string): string {
  return target.startsWith('\\x') ? unescaped(target).toString() : target;
}

function unescaped(text: string): Buffer {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex');
}
