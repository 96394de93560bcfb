/** A serial port, opened so that it works on every Node: bytes in, bytes out. The only file that knows `serialport`. */
import { SerialPort } from 'serialport';

export interface SerialOptions {
  /** `/dev/ttyUSB0`, `COM3` */
  readonly path: string;
  readonly baud: number;
  readonly parity?: 'none' | 'even' | 'odd';
  readonly stopBits?: 1 | 2;
}

export interface SerialEvents {
  bytes(bytes: Uint8Array): void;
  /** It is closed: null where we closed it, else why. Said once. */
  ended(reason: string | null): void;
}

export interface OpenPort {
  /** Nothing happens where it is closed by now. */
  write(bytes: Uint8Array | string): void;
  close(): Promise<void>;
}

/** Rejects with one sentence where there is no such port, or it may not be opened, or another program has it. */
export async function openSerialPort(options: SerialOptions, events: SerialEvents): Promise<OpenPort> {
  const { path, baud, parity = 'none', stopBits = 1 } = options;
  // `lock`: two programs on one line would talk into each other's words.
  const line = { path, baudRate: baud, dataBits: 8, parity, stopBits, lock: true } as const;
  const port = new SerialPort({ ...line, autoOpen: false });
  let isOver = false;
  function end(reason: string | null): void {
    if (!isOver) events.ended(reason);
    isOver = true;
  }
  port.on('data', (bytes: Buffer) => events.bytes(bytes));
  port.on('error', (error) => end(`${path}: ${error.message}`));
  port.on('close', (error: Error | null) => end(error ? `${path}: the port is gone; was it unplugged?` : null));
  await new Promise<void>((resolve, reject) => {
    port.open((error) => (error ? reject(new Error(sentence(path, error))) : resolve()));
  });
  letPromisesRun(port);
  return {
    write(bytes) {
      if (port.isOpen) port.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes));
    },
    async close() {
      if (port.isOpen) await new Promise((resolve) => port.close(resolve));
    },
  };
}

interface Poller {
  on(event: 'readable' | 'writable' | 'disconnect', listener: () => void): void;
}

/**
 * Since Node 26.4 the promises that serialport's native events resolve are not followed up until the loop turns for
 * another reason: bytes lay there until the next write (serialport/bindings-cpp pull request 239, not released).
 */
function letPromisesRun(port: SerialPort): void {
  const { poller } = (port.port ?? {}) as { readonly poller?: Poller };
  for (const event of ['readable', 'writable', 'disconnect'] as const) {
    poller?.on(event, () => setImmediate(() => undefined));
  }
}

/** serialport's words hold the words of the system. */
function sentence(path: string, { message }: Error): string {
  if (/No such file|cannot find|File not found/i.test(message)) return `${path}: no such port`;
  if (/Permission denied|Access denied/i.test(message)) {
    return `${path}: no permission to open it; the user needs the group that owns it (often "dialout")`;
  }
  if (/lock|busy|temporarily unavailable/i.test(message)) return `${path}: another program has it open`;
  if (/Inappropriate ioctl|Not a typewriter/i.test(message)) return `${path}: is no serial port`;
  return `${path}: ${message}`;
}
