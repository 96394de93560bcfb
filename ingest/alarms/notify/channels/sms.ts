/** SMS through a GSM modem at a serial port, by AT commands in PDU mode (3GPP TS 27.005). */
import { Submit } from 'node-pdu';
import { failed, type Notice, type NotificationChannel, SENT } from './channel.ts';
import { type Modem, ModemError, openModem } from './modem.ts';

export interface SmsOptions {
  /** `/dev/ttyUSB0` */
  readonly path: string;
  readonly baud?: number;
  /** For an answer to a command; the network takes longer for a message. */
  readonly timeoutMs?: number;
  readonly sendTimeoutMs?: number;
}

const BAUD = 115_200;
const TIMEOUT_MS = 5_000;
const SEND_TIMEOUT_MS = 60_000;
/** Three parts of 63 in UCS-2: enough for what, where and what to do, and each part costs money. */
const MAX_CHARACTERS = 3 * 63;
/** Messages whose rest is known; the oldest are not tried any more. */
const MAX_RESTS = 100;
/** `+CMS ERROR` of TS 27.005 that another try does not mend: an unassigned or barred number, a facility not there. */
const FOR_GOOD = new Set([1, 8, 28, 50, 69]);

/** Addresses are numbers like `+996555123456`. One message at a time: a modem has one line. */
export function openSms(options: SmsOptions): NotificationChannel {
  const { path, baud = BAUD, timeoutMs = TIMEOUT_MS, sendTimeoutMs = SEND_TIMEOUT_MS } = options;
  /** Parts not taken yet, by message and number: one that was taken is paid for. Again they bear the same reference. */
  const rests = new Map<string, readonly string[]>();
  let modem: Modem | null = null;
  let line: Promise<unknown> = Promise.resolve();
  let isStopped = false;

  /** A modem that was unplugged, or that has lost the thread, is opened anew for the next message. */
  async function ready(): Promise<Modem> {
    if (modem?.isOpen()) return modem;
    modem = await openModem({ path, baud });
    // Echo off, numbered errors, PDU mode.
    for (const command of ['AT', 'ATE0', 'AT+CMEE=1', 'AT+CMGF=0']) await modem.command(command, timeoutMs);
    return modem;
  }

  async function sendParts(to: string, { id, subject, text }: Notice): Promise<void> {
    const open = await ready();
    const key = `${id} ${to}`;
    const pdus = rests.get(key) ?? toPdus(to, `${subject}\n${text}`);
    keepRest(key, pdus);
    for (const [n, pdu] of pdus.entries()) {
      // The length leaves out the leading octet, an empty service centre address: the SIM's own is taken.
      await open.prompt(`AT+CMGS=${pdu.length / 2 - 1}`, timeoutMs);
      await open.command(`${pdu}\u001a`, sendTimeoutMs);
      keepRest(key, pdus.slice(n + 1));
    }
  }

  function keepRest(key: string, pdus: readonly string[]): void {
    rests.delete(key);
    if (pdus.length > 0) rests.set(key, pdus);
    const [oldest = ''] = rests.keys();
    if (rests.size > MAX_RESTS) rests.delete(oldest);
  }

  async function sendOne(to: string, notice: Notice) {
    if (isStopped) return failed('stopping');
    try {
      await sendParts(to, notice);
      return SENT;
    } catch (error) {
      // Half an answer may still come: it must not be taken for that of the next message.
      await modem?.close();
      modem = null;
      const code = error instanceof ModemError ? error.cmsError : null;
      return failed((error as Error).message, code === null || !FOR_GOOD.has(code));
    }
  }

  return {
    send(to, notice) {
      const sending = line.then(() => sendOne(to, notice));
      line = sending;
      return sending;
    },
    async stop() {
      isStopped = true;
      await line;
      await modem?.close();
    },
  };
}

/** Kyrgyz and Russian letters are in UCS-2 only: 63 in each part. */
function toPdus(to: string, text: string): readonly string[] {
  const short = text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS - 1)}…` : text;
  return new Submit(to, short).getPartStrings();
}
