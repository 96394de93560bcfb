/** Syncs behind a database of the main thread, on a disk that answers when it is told to. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { type BackgroundSync, createBackgroundSync } from '../../link/background-sync.ts';
import { temporaryFolder } from '../harness/server.ts';

type Done = (error: Error | null) => void;

function heldDisk() {
  const file = join(temporaryFolder(), 'some.db');
  const db = new DatabaseSync(file);
  db.exec('CREATE TABLE t (x); PRAGMA user_version = 3;');
  const syncs: Done[] = [];
  const sync = createBackgroundSync({ db, file, sync: (_, done) => syncs.push(done) });
  return { db, file, sync, syncs };
}

const endOfTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function isSynced(sync: BackgroundSync): Promise<boolean> {
  return await Promise.race([sync.synced().then(() => true), endOfTurn().then(() => false)]);
}

describe('a sync behind', () => {
  it('covers what was there when it began', async () => {
    const { sync, syncs } = heldDisk();
    expect(await isSynced(sync)).toBe(true);
    sync.note();
    await endOfTurn();
    sync.note();
    const synced = sync.synced();
    syncs.shift()?.(null);
    await endOfTurn();
    expect(await Promise.race([synced.then(() => true), endOfTurn().then(() => false)])).toBe(false);
    syncs.shift()?.(null);
    await synced;
    expect([await isSynced(sync), sync.unsyncedMs()]).toEqual([true, 0]);
  });

  it('tells for how long the disk has not done it, and goes on when it does', async () => {
    const { sync, syncs } = heldDisk();
    sync.note();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(sync.unsyncedMs()).toBeGreaterThan(10);
    expect(await isSynced(sync)).toBe(false);
    syncs.shift()?.(null);
    await endOfTurn();
    syncs.shift()?.(null);
    await endOfTurn();
    expect([await isSynced(sync), sync.unsyncedMs()]).toEqual([true, 0]);
  });

  it('leaves its database open where the disk hangs, rather than hang with it', async () => {
    const { db, sync, syncs } = heldDisk();
    await sync.close();
    expect(db.isOpen).toBe(true);
    syncs.shift()?.(null);
    await endOfTurn();
    db.close();
  });

  it('waits in line behind the others, so that a disk that hangs holds one thread of the pool', async () => {
    const [one, other] = [heldDisk(), heldDisk()];
    one.sync.note();
    other.sync.note();
    await endOfTurn();
    expect([one.syncs.length, other.syncs.length]).toEqual([1, 0]);
    one.syncs.shift()?.(null);
    await endOfTurn();
    expect(other.syncs.length).toBe(1);
    other.syncs.shift()?.(null);
    await endOfTurn();
  });

  it('keeps the log from growing for good, and the version of the tables', async () => {
    const { db, file, sync, syncs } = heldDisk();
    db.prepare('INSERT INTO t VALUES (zeroblob(17000000))').run();
    sync.note();
    await endOfTurn();
    syncs.shift()?.(null);
    await endOfTurn();
    const { log } = db.prepare('PRAGMA wal_checkpoint(NOOP)').get() as { log: number };
    expect(log).toBeLessThan(10);
    expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: 3 });
    db.close();
    rmSync(file);
  });
});
