/** How a message reaches a person: the port, one implementation per way. */

/** One message to one person, in that person's language, as every channel can carry it. */
export interface Notice {
  /** The same when it is sent again, so that whoever receives it can tell. */
  readonly id: string;
  readonly subject: string;
  /** Plain text, a few lines. */
  readonly text: string;
  /** Where the channel has buttons, one that acknowledges. */
  readonly acknowledge: { readonly alarm: string; readonly label: string } | null;
  /** The same for programs: plain data. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** A notice before it has an id. */
export type Content = Pick<Notice, 'subject' | 'text' | 'facts'>;

export type Sending =
  | { readonly kind: 'sent' }
  | {
      readonly kind: 'failed';
      /** For the log and the ledger; holds no secret. */
      readonly reason: string;
      /** Whether the same may succeed later: not where the address is refused. */
      readonly mayRetry: boolean;
      /** Where the other side says when to come back. */
      readonly retryAfterMs: number | null;
    };

export interface NotificationChannel {
  /** `to` is the person's address on this channel. Settles within the channel's time limit and never rejects. */
  send(to: string, notice: Notice): Promise<Sending>;
  stop(): Promise<void>;
}

export const SENT: Sending = { kind: 'sent' };

/** Nobody knows whether it will work later, so it is tried. */
export function failed(reason: string, mayRetry = true, retryAfterMs: number | null = null): Sending {
  return { kind: 'failed', reason, mayRetry, retryAfterMs };
}
