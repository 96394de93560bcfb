/** E-mail by SMTP. */
import { setTimeout as delay } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import { failed, type NotificationChannel, SENT } from './channel.ts';

export interface EmailOptions {
  readonly host: string;
  readonly port: number;
  /** Address of the sender, `Aimak Watch <watch@example.org>`. */
  readonly from: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** TLS from the first byte (port 465). Otherwise STARTTLS is used where the server offers it. */
  readonly isSecure: boolean;
  /** For each step of the exchange. */
  readonly timeoutMs?: number;
  /** For all of it: a server that says a byte now and then ends no step. */
  readonly sendWithinMs?: number;
}

const TIMEOUT_MS = 10_000;
const SEND_WITHIN_MS = 90_000;
/** Refused login: the address is not at fault, and who mends the password wants the message still. */
const LOGIN_REFUSED = 'EAUTH';

export function openEmail(options: EmailOptions): NotificationChannel {
  const { host, port, from, user, password = '', isSecure } = options;
  const { timeoutMs = TIMEOUT_MS, sendWithinMs = SEND_WITHIN_MS } = options;
  const transport = createTransport({
    host,
    port,
    secure: isSecure,
    ...(user === undefined ? {} : { auth: { user, pass: password } }),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    // What a message says is ours; it must not make the program read files or call addresses.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    async send(to, { id, subject, text }) {
      const done = new AbortController();
      try {
        const sending = transport.sendMail({
          from,
          to: { name: '', address: to },
          subject,
          text,
          messageId: `<${id}@aimak-watch>`,
          headers: { 'Auto-Submitted': 'auto-generated' },
        });
        const isSent = await Promise.race([
          sending.then(() => true),
          delay(sendWithinMs, false, { ref: false, signal: done.signal }),
        ]);
        return isSent ? SENT : failed(`no end of the exchange within ${sendWithinMs / 1_000} s`, true);
      } catch (error) {
        const { message, code, responseCode = 0 } = error as Error & { code?: string; responseCode?: number };
        return failed(message, code === LOGIN_REFUSED || responseCode < 500);
      } finally {
        done.abort();
      }
    },
    async stop() {
      transport.close();
    },
  };
}
