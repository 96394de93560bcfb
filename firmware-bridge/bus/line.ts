/** The way to a bus, as bytes: a serial port, or a connection to a converter or a device. It comes back by itself. */
import { openSerialPort } from '../../link/serial-port.ts';
import type { BusLine } from '../../model/bridge-file.ts';
import { createLimitedLog } from '../../model/limited-log.ts';
import type { Log } from '../../model/log.ts';
import type { Channel, ChannelListener, OpenChannel } from './channel.ts';
import type { BusState } from './modbus-bus.ts';
import { openSocket } from './tcp-socket.ts';

export interface Line {
  isOpen(): boolean;
  state(): BusState;
  write(bytes: Uint8Array): void;
  /** Ends what stands, to begin anew. */
  reset(reason: string): void;
  stop(): void;
}

export interface LineEvents {
  onBytes(bytes: Uint8Array): void;
  onChange(): void;
}

/** A port that was plugged in again is seen soon; a device behind a GSM link is not to be hammered. */
const SERIAL_RETRY_MS = 2_000;
const [FIRST_RETRY_MS, LAST_RETRY_MS] = [1_000, 30_000];
/** A connection that ends sooner was of no use: what is there speaks something else, or takes nobody. */
const STOOD_MS = 2_000;

export function describeLine(line: BusLine): string {
  if (line.kind === 'rtu') return line.path;
  return `${line.kind === 'tcp' ? 'tcp' : 'rtu-over-tcp'} ${line.host}:${line.port}`;
}

export function startLine(target: BusLine, events: LineEvents, log: Log): Line {
  const open: OpenChannel = target.kind === 'rtu' ? openSerial(target) : openSocket(target);
  const name = describeLine(target);
  const limited = createLimitedLog(log, () => performance.now());
  let channel: Channel | null = null;
  let state: BusState = { isOpen: false, reason: 'not opened yet', opened: 0 };
  let retryMs = FIRST_RETRY_MS;
  let openedAtMs = 0;
  let retry: NodeJS.Timeout | undefined;
  let isStopped = false;
  /** Counts attempts: what an earlier channel still says is not listened to. */
  let attempt = 0;

  async function connect(): Promise<void> {
    const own = ++attempt;
    const isOwn = (): boolean => own === attempt && !isStopped;
    const listener: ChannelListener = {
      bytes: (bytes) => isOwn() && events.onBytes(bytes),
      ended: (reason) => isOwn() && lost(reason),
    };
    try {
      const opened = await open(listener);
      if (!isOwn()) return opened.close();
      channel = opened;
      openedAtMs = performance.now();
      state = { isOpen: true, reason: null, opened: state.opened + 1 };
      limited.info({ line: name }, `the bus is open: ${name}`, 'open');
      events.onChange();
    } catch (error) {
      if (isOwn()) lost((error as Error).message);
    }
  }

  function lost(reason: string): void {
    attempt++;
    channel?.close();
    channel = null;
    // The same reason at every attempt is one line.
    if (reason !== state.reason)
      limited.warn({ line: name }, `${reason}; polling goes on by itself once it is back`, reason);
    const wasOpen = state.isOpen;
    if (wasOpen && performance.now() - openedAtMs >= STOOD_MS) retryMs = FIRST_RETRY_MS;
    state = { ...state, isOpen: false, reason };
    retry = setTimeout(connect, target.kind === 'rtu' ? SERIAL_RETRY_MS : retryMs);
    retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
    if (wasOpen) events.onChange();
  }

  void connect();
  return {
    isOpen: () => state.isOpen,
    state: () => state,
    write: (bytes) => channel?.write(bytes),
    reset: (reason) => {
      if (channel) lost(reason);
    },
    stop() {
      isStopped = true;
      clearTimeout(retry);
      channel?.close();
      channel = null;
    },
  };
}

function openSerial({ path, baud, parity, stopBits }: Extract<BusLine, { kind: 'rtu' }>): OpenChannel {
  return async ({ bytes, ended }) => {
    const port = await openSerialPort(
      { path, baud, parity, stopBits },
      { bytes, ended: (reason) => ended(reason ?? `${path}: closed`) },
    );
    return { write: port.write, close: () => void port.close() };
  };
}
