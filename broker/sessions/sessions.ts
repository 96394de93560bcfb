/** Who has subscribed to what with a session that outlives the connection, and when it was last here. */
import type { Subscription } from 'aedes';
import { filterCost } from '../filter-cost.ts';
import { createPot } from '../pot.ts';
import { createTopicIndex } from '../topic-index.ts';
import type { Note, SessionRow, SessionSubscription } from './rows.ts';
import type { StoredSession } from './session-file.ts';
import type { SessionLimits } from './session-limits.ts';

export interface Sessions {
  /** Returns how many filters of them were beyond what may be kept. */
  restore(stored: Iterable<StoredSession>): number;
  /** Whether there is room for it, or it is there already. A new session gives way to those that are there. */
  mayKeep(clientId: string, filter: string): boolean;
  subscribe(clientId: string, subscriptions: readonly Subscription[]): void;
  unsubscribe(clientId: string, filters: readonly string[]): void;
  of(clientId: string): readonly SessionSubscription[];
  /** Those above QoS 0 whose filter matches: they are owed the message. */
  match(topic: string): readonly SessionSubscription[];
  subscribedTo(filter: string): Iterable<string>;
  discard(clientId: string): void;
  setOnline(clientId: string, isOnline: boolean): void;
  /** The ids of those that nobody has returned to in time. */
  abandoned(nowMs: number): readonly string[];
  counts(): { readonly sessions: number; readonly subscriptions: number };
}

const NEW = { grants: new Map<string, SessionSubscription>(), bytes: 0 };

export function createSessions(limits: SessionLimits, note: Note, now: () => number): Sessions {
  const rows = new Map<string, SessionRow>();
  const index = createTopicIndex<SessionSubscription>();
  const pot = createPot(limits.filterBytes);
  let subscriptions = 0;

  function rowOf(clientId: string): SessionRow {
    const known = rows.get(clientId);
    if (known) return known;
    const row = newRow(clientId, now());
    rows.set(clientId, row);
    return row;
  }

  /** False where it is new and there is no room for it. */
  function grant(row: SessionRow, subscription: SessionSubscription): boolean {
    const { topic, qos } = subscription;
    revoke(row, topic);
    const bytes = filterCost(topic);
    if (row.grants.size >= limits.filters || !pot.take(row.bytes, bytes)) return false;
    row.bytes += bytes;
    row.grants.set(topic, subscription);
    if (qos === 0) return true;
    index.add(topic, subscription);
    subscriptions++;
    return true;
  }

  function revoke(row: SessionRow, filter: string): void {
    const old = row.grants.get(filter);
    if (old === undefined) return;
    row.grants.delete(filter);
    const bytes = filterCost(filter);
    pot.give(row.bytes, bytes);
    row.bytes -= bytes;
    if (old.qos === 0) return;
    index.remove(filter, old);
    subscriptions--;
  }

  function discard(clientId: string): void {
    const row = rows.get(clientId);
    if (!row) return;
    for (const filter of row.grants.keys()) revoke(row, filter);
    rows.delete(clientId);
    row.isGone = true;
    note(row);
  }

  return {
    restore(stored) {
      let beyond = 0;
      for (const { client, seen_ms, subscriptions: text } of stored) {
        const row = { ...newRow(client, seen_ms), isSaved: true, isOnline: false };
        rows.set(client, row);
        const before = beyond;
        for (const [topic, qos] of JSON.parse(text)) if (!grant(row, { clientId: client, topic, qos })) beyond++;
        if (beyond > before) note(row);
      }
      return beyond;
    },
    mayKeep(clientId, filter) {
      const row = rows.get(clientId);
      if (!row && rows.size >= limits.sessions) return false;
      const { grants, bytes } = row ?? NEW;
      if (grants.has(filter)) return true;
      return grants.size < limits.filters && pot.hasRoom(bytes, filterCost(filter));
    },
    subscribe(clientId, added) {
      if (!rows.has(clientId) && rows.size >= limits.sessions) return;
      const row = rowOf(clientId);
      for (const subscription of added) grant(row, { ...subscription, clientId });
      if (row.grants.size > 0) note(row);
      else rows.delete(clientId);
    },
    unsubscribe(clientId, filters) {
      const row = rows.get(clientId);
      if (!row) return;
      for (const filter of filters) revoke(row, filter);
      if (row.grants.size > 0) note(row);
      else discard(clientId);
    },
    of: (clientId) => [...(rows.get(clientId)?.grants.values() ?? [])],
    match: index.match,
    *subscribedTo(filter) {
      for (const [clientId, { grants }] of rows) if (grants.has(filter)) yield clientId;
    },
    discard,
    setOnline(clientId, isOnline) {
      const row = rows.get(clientId);
      if (!row) return;
      row.isOnline = isOnline;
      row.seenMs = now();
      note(row);
      // Kept in the order of having been seen.
      rows.delete(clientId);
      rows.set(clientId, row);
    },
    abandoned(nowMs) {
      const isAbandoned = ({ isOnline, seenMs }: SessionRow): boolean => !isOnline && seenMs < nowMs - limits.sessionMs;
      return rows
        .values()
        .filter(isAbandoned)
        .map(({ clientId }) => clientId)
        .toArray();
    },
    counts: () => ({ sessions: rows.size, subscriptions }),
  };
}

/** Whoever subscribes is here. */
function newRow(clientId: string, seenMs: number): SessionRow {
  return {
    table: 'session',
    clientId,
    grants: new Map(),
    bytes: 0,
    isOnline: true,
    seenMs,
    isSaved: false,
    isGone: false,
  };
}
