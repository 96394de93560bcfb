/** A message as a signed POST, for programs of others. */
import { createHmac } from 'node:crypto';
import { failed, type NotificationChannel, SENT } from './channel.ts';
import { isTemporary, postJson } from './http-call.ts';

export interface WebhookOptions {
  /** Shared with the receiver, who signs as well and compares. */
  readonly secret: string;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;

/**
 * Addresses are URLs. The body is `{id, subject, text, facts}`. `x-aimak-signature` is `sha256=` and the hex HMAC-SHA256
 * of `<x-aimak-timestamp>.<body>`; the timestamp (epoch s) lets the receiver refuse what somebody sends again later.
 */
export function openWebhook({ secret, timeoutMs = TIMEOUT_MS }: WebhookOptions): NotificationChannel {
  const stopping = new AbortController();
  return {
    async send(to, { id, subject, text, facts }) {
      const body = JSON.stringify({ id, subject, text, facts });
      const timestamp = String(Math.floor(Date.now() / 1000));
      const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
      const headers = { 'x-aimak-timestamp': timestamp, 'x-aimak-signature': `sha256=${signature}` };
      try {
        const { status, retryAfterMs } = await postJson({
          url: to,
          body,
          headers,
          timeoutMs,
          signal: stopping.signal,
        });
        if (status >= 200 && status < 300) return SENT;
        return failed(`answered ${status}`, isTemporary(status), retryAfterMs);
      } catch (error) {
        return failed((error as Error).message);
      }
    },
    async stop() {
      stopping.abort();
    },
  };
}
