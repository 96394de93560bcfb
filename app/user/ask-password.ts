/** A password at a terminal, without showing it. */
import type { ReadStream } from 'node:tty';
import { StartError } from '../start-error.ts';

const ENDS: ReadonlySet<string> = new Set(['\r', '\n', '\u0004']);
const BACKSPACES: ReadonlySet<string> = new Set(['\b', '\u007f']);
const CONTROL_C = '\u0003';

export async function askPassword(question: string, terminal: ReadStream = process.stdin): Promise<string> {
  // Before the question: who answers at once must not be shown either.
  terminal.setRawMode(true);
  process.stdout.write(question);
  terminal.setEncoding('utf8');
  terminal.resume();
  try {
    return await typed(terminal);
  } finally {
    terminal.setRawMode(false);
    terminal.pause();
    process.stdout.write('\n');
  }
}

function typed(terminal: ReadStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let password = '';
    const end = (settle: () => void): void => {
      terminal.off('data', take);
      settle();
    };
    function hear(char: string): void {
      if (char === CONTROL_C) end(() => reject(new StartError('nothing was changed')));
      else if (ENDS.has(char)) end(() => resolve(password));
      else if (BACKSPACES.has(char)) password = [...password].slice(0, -1).join('');
      else password += char;
    }
    const take = (chunk: Buffer | string): void => [...String(chunk)].forEach(hear);
    terminal.on('data', take);
  });
}
