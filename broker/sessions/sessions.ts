/** Who has subscribed to what with a session that outlives the connection, and when it was last here. */
import type { Subscription } from 'aedes';
import { createTopicIndex } from '../topic-index.ts';
import type { Note, SessionRow, SessionSubscription } from './rows.ts';
import type { StoredSession } from './session-file.ts';
import type { SessionLimits } from './session-limits.ts';

export interface Sessions {
  restore(stored: Iterable<StoredSession>): void;
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

export function createSessions(limits: SessionLimits, note: Note, now: () => number): Sessions {
  const rows = new Map<string, SessionRow>();
  const index = createTopicIndex<SessionSubscription>();
  let subscriptions = 0;

  function rowOf(clientId: string): SessionRow {
    const known = rows.get(clientId);
    if (known) return known;
    const row = newRow(clientId, now());
    rows.set(clientId, row);
    return row;
  }

  function grant(row: SessionRow, subscription: SessionSubscription): void {
    revoke(row, subscription.topic);
    row.grants.set(subscription.topic, subscription);
    if (subscription.qos === 0) return;
    index.add(subscription.topic, subscription);
    subscriptions++;
  }

  function revoke(row: SessionRow, filter: string): void {
    const old = row.grants.get(filter);
    row.grants.delete(filter);
    if (old === undefined || old.qos === 0) return;
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
      for (const { client, seen_ms, subscriptions: text } of stored) {
        const row = { ...newRow(client, seen_ms), isSaved: true, isOnline: false };
        rows.set(client, row);
        for (const [topic, qos] of JSON.parse(text)) grant(row, { clientId: client, topic, qos });
      }
    },
    subscribe(clientId, added) {
      const row = rowOf(clientId);
      for (const subscription of added) {
        const isRoom = row.grants.size < limits.filters || row.grants.has(subscription.topic);
        if (isRoom) grant(row, { ...subscription, clientId });
      }
      note(row);
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
      const away = rows
        .values()
        .filter(({ isOnline }) => !isOnline)
        .toArray();
      const tooMany = Math.max(0, rows.size - limits.sessions);
      return away
        .filter(({ seenMs }, i) => i < tooMany || seenMs < nowMs - limits.sessionMs)
        .map(({ clientId }) => clientId);
    },
    counts: () => ({ sessions: rows.size, subscriptions }),
  };
}

/** Whoever subscribes is here. */
function newRow(clientId: string, seenMs: number): SessionRow {
  return { table: 'session', clientId, grants: new Map(), isOnline: true, seenMs, isSaved: false, isGone: false };
}
