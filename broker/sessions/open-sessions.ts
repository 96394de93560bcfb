/** Sessions, what they are owed, and retained messages: kept in memory, written behind to a file, there again after a restart. */
import type { Log } from '../../model/log.ts';
import { dropBeyond } from './drop-beyond.ts';
import { createOfflineQueues, type QueueCounts } from './offline-queues.ts';
import { createPersistence, type Persistence } from './persistence.ts';
import { createRetained, type Retained, type RetainedCounts } from './retained.ts';
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
  /** Whether there is room for a filter of this session, or it is kept already. */
  mayKeep(clientId: string, filter: string): boolean;
  readonly retained: Pick<Retained, 'get' | 'all'>;
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
    const dropped = dropBeyond(file.db, limits);
    retained.restore(file.retained());
    const filters = sessions.restore(file.sessions());
    queues.restore(file.queued());
    if (filters + dropped.sessions + dropped.messages + dropped.retained > 0) {
      log.warn({ ...dropped, filters }, 'broker.db held more than may be kept: the longest unused is dropped');
    }
  } catch (error) {
    // Whoever sets it aside must not meet our connection, and waits for no sync.
    file.abandon();
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
  return {
    persistence: createPersistence({ retained, sessions, queues, isGranted: options.isGranted, discard }),
    setOnline: sessions.setOnline,
    mayKeep: sessions.mayKeep,
    retained,
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
