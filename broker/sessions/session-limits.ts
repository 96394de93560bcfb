/** How much is kept for those who are away. */
import { MAX_CLIENT_ID_BYTES } from '../limits.ts';
import type { PotLimits } from '../pot.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const DAY_MS = 24 * 60 * 60 * 1000;

export interface SessionLimits {
  /** Beyond, a new one is refused: those that are there stay. */
  readonly sessions: number;
  readonly clientIdBytes: number;
  /** Nobody has returned to it. */
  readonly sessionMs: number;
  /** Of one session. */
  readonly filters: number;
  /** Of filters, in memory: also of a session that is online. */
  readonly filterBytes: PotLimits;
  /** For one session; beyond, the oldest is dropped. */
  readonly queuedMessages: number;
  /** For all sessions; beyond, those that are owed most lose their oldest. */
  readonly queuedBytes: number;
  readonly queuedMs: number;
  readonly retainedMessages: number;
  readonly retainedBytes: number;
}

export const DEFAULT_SESSION_LIMITS: SessionLimits = {
  sessions: 20_000,
  clientIdBytes: MAX_CLIENT_ID_BYTES,
  sessionMs: 30 * DAY_MS,
  filters: 1_000,
  filterBytes: { ownBytes: 4 * KIB, eachBytes: 4 * MIB, totalBytes: 32 * MIB },
  queuedMessages: 1_000,
  queuedBytes: 64 * MIB,
  queuedMs: 7 * DAY_MS,
  retainedMessages: 20_000,
  retainedBytes: 32 * MIB,
};
