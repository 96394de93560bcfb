import { type OpenPort, openSerialPort, type SerialOptions } from '../../link/serial-port.ts';
import type { Log } from '../../model/log.ts';
import type { Listening, StartTalk } from './talk.ts';

const REOPEN_MS = 1000;

/** Rejects where the port cannot be opened; one that goes away later is opened again as soon as it is back. */
export async function openSerialLine(options: SerialOptions, startTalk: StartTalk, log: Log): Promise<Listening> {
  const { path, baud } = options;
  let port: OpenPort | null = null;
  let reopen: NodeJS.Timeout | undefined;
  const talk = startTalk((bytes) => port?.write(bytes));

  async function open(): Promise<void> {
    port = await openSerialPort(options, { bytes: talk.take, ended });
  }

  function ended(reason: string | null): void {
    port = null;
    // Closed by ourselves.
    if (reason === null) return;
    log.warn({ path }, reason);
    tryAgain();
  }

  function tryAgain(): void {
    reopen = setTimeout(() => open().catch(tryAgain), REOPEN_MS);
  }

  await open();
  log.info({ path, baud }, `Modbus units answer on ${path}`);
  return {
    async stop() {
      clearTimeout(reopen);
      talk.end();
      await port?.close();
    },
  };
}
