/** How much is kept for those who are away. */

const MIB = 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;

export interface SessionLimits {
  readonly sessions: number;
  /** Nobody has returned to it. */
  readonly sessionMs: number;
  /** Of one session. */
  readonly filters: number;
  /** For one session; beyond, the oldest is dropped. */
  readonly queuedMessages: number;
  /** For all sessions; likewise. */
  readonly queuedBytes: number;
  readonly queuedMs: number;
  readonly retainedMessages: number;
  readonly retainedBytes: number;
}

export const DEFAULT_SESSION_LIMITS: SessionLimits = {
  sessions: 20_000,
  sessionMs: 30 * DAY_MS,
  filters: 1_000,
  queuedMessages: 1_000,
  queuedBytes: 64 * MIB,
  queuedMs: 7 * DAY_MS,
  retainedMessages: 20_000,
  retainedBytes: 32 * MIB,
};
