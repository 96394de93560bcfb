/** E-mail by SMTP. */
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
}

const TIMEOUT_MS = 10_000;
/** Refused login: the address is not at fault, and who mends the password wants the message still. */
const LOGIN_REFUSED = 'EAUTH';

export function openEmail(options: EmailOptions): NotificationChannel {
  const { host, port, from, user, password = '', isSecure, timeoutMs = TIMEOUT_MS } = options;
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
      try {
        await transport.sendMail({
          from,
          to: { name: '', address: to },
          subject,
          text,
          messageId: `<${id}@aimak-watch>`,
          headers: { 'Auto-Submitted': 'auto-generated' },
        });
        return SENT;
      } catch (error) {
        const { message, code, responseCode = 0 } = error as Error & { code?: string; responseCode?: number };
        return failed(message, code === LOGIN_REFUSED || responseCode < 500);
      }
    },
    async stop() {
      transport.close();
    },
  };
}
