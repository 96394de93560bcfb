/** How far back the journal remembers: else a device that chatters would fill the disk in the end. */
import type { DatabaseSync } from 'node:sqlite';
import { inTransaction } from '../store/sqlite/transaction.ts';

/** Three winters to compare; nothing asks for more than 100 days at once. */
const KEPT_MS = 3 * 365 * 86_400_000;
/** Of a village with twenty alarms a day some ten times what those years bring, and about half a gigabyte. */
const MOST_EVENTS = 1_000_000;
/** At a time, so that nobody waits for it; a day of such steps is more than a device can chatter. */
const AT_ONCE = 20;

/**
 * Forgets a few of the closed episodes that are older, or beyond the most that is kept, with all that happened to them. Whether
 * there were any.
 */
export function createForgetting(db: DatabaseSync): (now: number) => boolean {
  const old = db.prepare('SELECT id FROM alarm WHERE cleared_at < ? AND is_open = 0 LIMIT ?');
  const beyond = db.prepare(
    `SELECT DISTINCT id FROM event JOIN alarm ON alarm.id = event.alarm
     WHERE seq <= (SELECT max(seq) FROM event) - ? AND is_open = 0 LIMIT ?`,
  );
  const dropEvents = db.prepare('DELETE FROM event WHERE alarm = ?');
  const dropAlarm = db.prepare('DELETE FROM alarm WHERE id = ?');

  function forget(ids: readonly unknown[]): void {
    for (const id of ids) {
      dropEvents.run(id as string);
      dropAlarm.run(id as string);
    }
  }

  return (now) => {
    const rows = [...old.all(now - KEPT_MS, AT_ONCE), ...beyond.all(MOST_EVENTS, AT_ONCE)];
    if (rows.length === 0) return false;
    try {
      inTransaction(db, () => forget(rows.map(({ id }) => id)));
    } catch {
      // A full disk, which has an alarm of its own; it is tried again.
    }
    return true;
  };
}
