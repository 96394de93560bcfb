/**
 * What a file holds beyond the limits is dropped in SQL, before any of it is in memory: a file that a stranger has filled would
 * otherwise end the server at every start. The longest unused goes first.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { SessionLimits } from './session-limits.ts';

export interface Dropped {
  readonly sessions: number;
  readonly messages: number;
  readonly retained: number;
}

/** A topic cannot be longer [MQTT-1.5.3]. */
const MAX_TOPIC_BYTES = 65_535;
/** Of a message, besides its topic and its payload. */
const ROW_BYTES = 300;
/** What JSON puts around a filter. */
const AROUND_BYTES = 10;
/** More than this is given back to the disk. */
const WORTH_A_VACUUM_BYTES = 32 * 1024 * 1024;

export function dropBeyond(db: DatabaseSync, limits: SessionLimits): Dropped {
  const sessions = dropSessions(db, limits);
  const messages = dropMessages(db, limits);
  const { retainedMessages: rows, retainedBytes: bytes } = limits;
  // No time is known of these: the states of devices stay first.
  const retained = dropLast(
    db,
    { table: 'retained', order: "topic NOT GLOB 'aimak/v1/*', topic", bytes: MESSAGE },
    { rows, bytes },
  );
  if (sessions + messages + retained > 0) giveBack(db);
  return { sessions, messages, retained };
}

const MESSAGE = `octet_length(topic) + octet_length(payload) + ${ROW_BYTES}`;

function dropSessions(db: DatabaseSync, limits: SessionLimits): number {
  const { sessions: rows, clientIdBytes, filters, filterBytes } = limits;
  const tooLarge = run(db, 'DELETE FROM session WHERE octet_length(client) > ? OR octet_length(subscriptions) > ?', [
    clientIdBytes,
    filterBytes.eachBytes + filters * AROUND_BYTES,
  ]);
  // Of its text only: what it costs in memory is more, and is seen to when it is there.
  const bytes = filterBytes.totalBytes + rows * AROUND_BYTES;
  const order = '-seen_ms, client';
  return tooLarge + dropLast(db, { table: 'session', order, bytes: 'octet_length(subscriptions)' }, { rows, bytes });
}

function dropMessages(db: DatabaseSync, limits: SessionLimits): number {
  const { sessions, clientIdBytes, queuedMessages, queuedBytes: bytes } = limits;
  const tooLarge = run(db, 'DELETE FROM queued WHERE octet_length(topic) > ? OR octet_length(client) > ?', [
    MAX_TOPIC_BYTES,
    clientIdBytes,
  ]);
  const rows = sessions * queuedMessages;
  return tooLarge + dropLast(db, { table: 'queued', order: '-seq, 0', bytes: MESSAGE }, { rows, bytes });
}

interface Kind {
  readonly table: string;
  /** Two terms of SQL: what stays comes first. */
  readonly order: string;
  readonly bytes: string;
}

interface Room {
  rows: number;
  bytes: number;
}

interface Row {
  readonly first: number;
  readonly second: string | number;
  readonly bytes: number;
}

function dropLast(db: DatabaseSync, kind: Kind, room: Room): number {
  const row = firstBeyond(db, kind, room);
  if (!row) return 0;
  return run(db, `DELETE FROM ${kind.table} WHERE (${kind.order}) >= (?, ?)`, [row.first, row.second]);
}

function firstBeyond(db: DatabaseSync, { table, order, bytes }: Kind, { ...left }: Room): Row | undefined {
  const [first, second] = order.split(', ');
  const sql = `SELECT ${first} AS first, ${second} AS second, ${bytes} AS bytes FROM ${table} ORDER BY 1, 2`;
  for (const row of db.prepare(sql).iterate() as Iterable<unknown> as Iterable<Row>) {
    left.rows -= 1;
    left.bytes -= row.bytes;
    if (left.rows < 0 || left.bytes < 0) return row;
  }
  return undefined;
}

function run(db: DatabaseSync, sql: string, values: readonly (string | number)[]): number {
  return Number(db.prepare(sql).run(...values).changes);
}

/** Where there is no room to do so the file stays as large as it is. */
function giveBack(db: DatabaseSync): void {
  const free = Number(db.prepare('PRAGMA freelist_count').get()?.freelist_count);
  const page = Number(db.prepare('PRAGMA page_size').get()?.page_size);
  if (free * page < WORTH_A_VACUUM_BYTES) return;
  try {
    db.exec('VACUUM; PRAGMA wal_checkpoint(TRUNCATE);');
  } catch {
    // Nothing is lost by it.
  }
}
