/** The dialogue with a modem: one command at a time, each with its time limit. */
import { openSerialPort } from '../../../../link/serial-port.ts';

export interface Modem {
  isOpen(): boolean;
  /** Resolves when the modem answers `OK`. */
  command(text: string, timeoutMs: number): Promise<void>;
  /** Resolves when the modem asks for the text of a message. */
  prompt(text: string, timeoutMs: number): Promise<void>;
  close(): Promise<void>;
}

export class ModemError extends Error {
  readonly code = 'modem';
  /** Number of `+CMS ERROR`, where the modem named one. */
  readonly cmsError: number | null;
  constructor(message: string, cmsError: number | null = null) {
    super(message);
    this.cmsError = cmsError;
  }
}

/** More than this without an end is no answer of a modem. */
const MAX_ANSWER = 4_096;
const ESCAPE = '\u001b';

interface Waiting {
  readonly isOver: (answer: string) => boolean;
  readonly resolve: (answer: string) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** Rejects where there is no such port, or it may not be opened. */
export async function openModem({ path, baud }: { path: string; baud: number }): Promise<Modem> {
  let answer = '';
  let waiting: Waiting | null = null;

  function settle(settleWith: (waiting: Waiting) => void): void {
    const current = waiting;
    if (!current) return;
    waiting = null;
    clearTimeout(current.timer);
    settleWith(current);
  }

  function take(bytes: Uint8Array): void {
    // What a modem says unasked, such as news of the network, is dropped.
    if (!waiting) return;
    answer += Buffer.from(bytes).toString('latin1');
    if (waiting.isOver(answer)) settle(({ resolve }) => resolve(answer));
    else if (answer.length > MAX_ANSWER) settle(({ reject }) => reject(new ModemError('it answers without an end')));
  }

  let isOpen = true;
  const port = await openSerialPort(
    { path, baud },
    {
      bytes: take,
      ended(reason) {
        isOpen = false;
        settle(({ reject }) => reject(new ModemError(reason ?? 'the port was closed')));
      },
    },
  );

  function ask(text: string, timeoutMs: number, isOver: (answer: string) => boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      if (!isOpen) return reject(new ModemError('the port is closed'));
      answer = '';
      const timer = setTimeout(() => {
        settle(() => reject(new ModemError(`no answer of the modem within ${timeoutMs / 1000} s`)));
      }, timeoutMs);
      waiting = { isOver, resolve, reject, timer };
      port.write(text.endsWith('\u001a') ? text : `${text}\r`);
    });
  }

  return {
    isOpen: () => isOpen,
    async command(text, timeoutMs) {
      const code = finalCodeIn(await ask(text, timeoutMs, hasFinalCode));
      if (code !== 'OK') throw toError(code);
    },
    async prompt(text, timeoutMs) {
      const given = await ask(text, timeoutMs, (so) => so.includes('> ') || hasFinalCode(so));
      if (!given.includes('> ')) throw toError(finalCodeIn(given));
    },
    async close() {
      // A modem that waits for the rest of a message would take the next command for it.
      port.write(ESCAPE);
      await port.close();
    },
  };
}

/** One of the final result codes of TS 27.007. News of the network may stand on the lines before it, and behind it. */
function finalCodeIn(answer: string): string | undefined {
  return /(?:^|[\r\n])(OK|ERROR|\+CM[SE] ERROR:[^\r\n]*)[\r\n]/.exec(answer)?.[1];
}

const hasFinalCode = (answer: string): boolean => finalCodeIn(answer) !== undefined;

function toError(code = ''): ModemError {
  const [, cms] = /^\+CMS ERROR: *(\d+)$/.exec(code) ?? [];
  return new ModemError(`the modem answers ${code}`, cms === undefined ? null : Number(cms));
}
