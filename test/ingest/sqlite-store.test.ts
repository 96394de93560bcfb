import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../ingest/store/sqlite-store.ts';
import { temporaryFolder } from '../harness/server.ts';
import { describeStore } from './store-contract.ts';

describeStore('SQLite', async () => {
  const file = join(temporaryFolder(), 'readings.db');
  return { open: () => openSqliteStore(file), remove: async () => undefined };
});

describe('the SQLite file', () => {
  it('of a newer program is refused with a sentence, and left as it is', async () => {
    const file = join(temporaryFolder(), 'readings.db');
    const db = new DatabaseSync(file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    await expect(openSqliteStore(file)).rejects.toThrow('schema version 99');
  });
});
