/** Sessions, what they are owed, and retained messages: kept in memory, written behind to a file, there again after a restart. */
import type { Log } from '../../model/log.ts';
import { createOfflineQueues, type QueueCounts } from './offline-queues.ts';
import { createPersistence, type Persistence } from './persistence.ts';
import { createRetained, type RetainedCounts } from './retained.ts';
import { openSessionFile } from './session-file.ts';
import { DEFAULT_SESSION_LIMITS, type SessionLimits } from './session-limits.ts';
import { createSessions } from './sessions.ts';
import { createWriteBehind } from './write-behind.ts';

export interface SessionsOptions {
  /** `:memory:` keeps nothing over a restart. */
  readonly file: string;
  readonly limits?: Partial<SessionLimits>;
  readonly isGranted: (filter: string) => boolean;
}

export interface SessionCounts {
  readonly sessions: number;
  readonly queued: QueueCounts;
  readonly retained: RetainedCounts;
  /** Rows that the file does not have yet. */
  readonly unsaved: number;
}

export interface OpenSessions {
  readonly persistence: Persistence;
  setOnline(clientId: string, isOnline: boolean): void;
  /** Somebody is owed the messages of a topic. */
  isHeard(topic: string): boolean;
  /** Gives up what is too old; goes by itself once an hour. */
  expire(): void;
  counts(): SessionCounts;
  close(): Promise<void>;
}

const EXPIRE_MS = 60 * 60 * 1000;

export interface SessionsDependencies {
  readonly log: Log;
  /** Epoch ms. */
  readonly now: () => number;
  /** The file proves to be damaged, and is written no more. */
  readonly onDamage?: (reason: string) => void;
}

export function openSessions(options: SessionsOptions, { log, now, onDamage }: SessionsDependencies): OpenSessions {
  const limits = { ...DEFAULT_SESSION_LIMITS, ...options.limits };
  const file = openSessionFile(options.file);
  const changes = createWriteBehind(file, log, onDamage);
  const retained = createRetained(limits, changes.note, log);
  const sessions = createSessions(limits, changes.note, now);
  const queues = createOfflineQueues(limits, changes.note, now);
  try {
    retained.restore(file.retained());
    sessions.restore(file.sessions());
    queues.restore(file.queued());
  } catch (error) {
    // Whoever sets it aside must not meet our connection.
    file.close();
    throw error;
  }

  function discard(clientId: string): void {
    sessions.discard(clientId);
    queues.discard(clientId);
  }

  function expire(): void {
    for (const clientId of sessions.abandoned(now())) discard(clientId);
    queues.expire(now());
  }

  expire();
  const expiring = setInterval(expire, EXPIRE_MS);
  const onSubscribed = (): void => {
    if (sessions.counts().sessions > limits.sessions) expire();
  };
  return {
    persistence: createPersistence({ retained, sessions, queues, isGranted: options.isGranted, discard, onSubscribed }),
    setOnline: sessions.setOnline,
    isHeard: (topic) => sessions.match(topic).length > 0,
    expire,
    counts: () => ({
      sessions: sessions.counts().sessions,
      queued: queues.counts(),
      retained: retained.counts(),
      unsaved: changes.unsaved(),
    }),
    async close() {
      clearInterval(expiring);
      await changes.close();
    },
  };
}
