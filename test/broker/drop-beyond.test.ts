/** A broker.db that holds more than may be kept, as an older version has filled it (issue 22, 4). */
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { payloads, type World, world } from './session-world.ts';

const MIB = 1024 * 1024;

/** Rows as version 0.1.0 wrote them. */
function fill({ file, open }: World, write: (db: DatabaseSync) => void): void {
  open().close();
  const db = new DatabaseSync(file);
  db.exec('PRAGMA journal_mode = WAL; BEGIN');
  write(db);
  db.exec('COMMIT');
  db.close();
}

const session = (db: DatabaseSync, client: string, seenMs: number, filters: readonly string[]) =>
  db
    .prepare('INSERT INTO session VALUES (?, ?, ?)')
    .run(client, seenMs, JSON.stringify(filters.map((filter) => [filter, 1])));

const queued = (db: DatabaseSync, client: string, atMs: number, payload: string) =>
  db
    .prepare('INSERT INTO queued (client, at_ms, released, topic, qos, payload) VALUES (?, ?, 0, ?, 1, ?)')
    .run(client, atMs, 'news', Buffer.from(payload));

const retained = (db: DatabaseSync, topic: string, payload: string) =>
  db.prepare('INSERT INTO retained VALUES (?, 1, ?)').run(topic, Buffer.from(payload));

describe('what a file holds beyond the limits', () => {
  it('is dropped, a session that no limit would allow first, and the device keeps its own', async () => {
    const at = world();
    fill(at, (db) => {
      session(db, 'device', at.clock.ms - 1_000, ['aimak/v1/toru/tank-1-level/command']);
      for (let i = 0; i < 8; i++) {
        const filters = Array.from({ length: 100 }, (_, n) => `${n}/${'f'.repeat(60_000)}`);
        session(db, `stranger ${i}`, at.clock.ms, filters);
      }
      session(db, 'i'.repeat(60_000), at.clock.ms, ['news']);
    });
    const sessions = at.open();
    onTestFinished(sessions.close);
    expect(sessions.counts().sessions).toBe(1);
    expect(await sessions.persistence.subscriptionsByClient({ id: 'device' })).toHaveLength(1);
    expect(at.lines).toEqual(['broker.db held more than may be kept: the longest unused is dropped']);
  });

  it('is dropped for good: the next start finds nothing to drop', () => {
    const at = world();
    fill(at, (db) => {
      for (let i = 0; i < 5; i++) session(db, `client ${i}`, at.clock.ms + i, ['news']);
    });
    const limits = { sessions: 3 };
    at.open(limits).close();
    const again = at.open(limits);
    onTestFinished(again.close);
    expect(again.counts().sessions).toBe(3);
    expect(again.mayKeep('client 4', 'news')).toBe(true);
    expect(again.mayKeep('client 1', 'news')).toBe(false);
    expect(at.lines).toHaveLength(1);
  });

  it('is dropped of messages and of retained ones, the oldest and the strangers’ first', async () => {
    const at = world();
    fill(at, (db) => {
      session(db, 'device', at.clock.ms, ['news']);
      for (const text of ['1', '2', '3', '4']) queued(db, 'device', at.clock.ms, text.padEnd(1_000));
      for (const topic of ['a', 'b', 'c']) retained(db, topic, topic.padEnd(1_000));
      retained(db, 'aimak/v1/toru/tank-1-level/status', 'online');
    });
    const sessions = at.open({ queuedBytes: 3_000, retainedBytes: 2_000 });
    onTestFinished(sessions.close);
    const owed = await payloads(sessions.persistence.outgoingStream({ id: 'device' }));
    expect(owed.map((text) => text.trim())).toEqual(['3', '4']);
    const kept = await payloads(sessions.persistence.createRetainedStream('#'));
    expect(kept.map((text) => text.trim()).toSorted()).toEqual(['a', 'online']);
  });

  it('gives its room back to the disk', () => {
    const at = world();
    fill(at, (db) => {
      for (let i = 0; i < 8; i++) session(db, `client ${i}`, at.clock.ms, ['f'.repeat(5 * MIB)]);
    });
    at.open().close();
    const db = new DatabaseSync(at.file, { readOnly: true });
    onTestFinished(() => db.close());
    expect(db.prepare('PRAGMA page_count').get()?.page_count).toBeLessThan(100);
  });

  it('loses nothing where all of it fits', async () => {
    const at = world();
    fill(at, (db) => {
      session(db, 'device', at.clock.ms, ['news', 'more']);
      queued(db, 'device', at.clock.ms, 'one');
      // Whoever has given up its last filter is still owed what came before.
      queued(db, 'without filters', at.clock.ms, 'two');
      retained(db, 'a', 'kept');
    });
    const sessions = at.open();
    onTestFinished(sessions.close);
    expect(sessions.counts()).toMatchObject({ sessions: 1, queued: { messages: 2 }, retained: { messages: 1 } });
    expect(at.lines).toEqual([]);
  });
});
