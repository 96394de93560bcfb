/** People whose file proves to be damaged under a running server. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { enlistPeople, keepPeople } from '../../../app/folder/kept-people.ts';
import { createDataFaults } from '../../../ingest/data-faults.ts';
import { openPeople } from '../../../ingest/people/people.ts';
import { parsePerson } from '../../../model/person.ts';
import { silentLog } from '../../harness/readings.ts';
import { temporaryFolder } from '../../harness/server.ts';

async function withAida(): Promise<string> {
  const dir = temporaryFolder();
  const people = openPeople(join(dir, 'people.db'), Date.now);
  const parsed = parsePerson({ name: 'aida', role: 'admin' });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  await people.put(parsed.value, 'a long password');
  people.close();
  enlistPeople(dir);
  return dir;
}

it('lets nobody in from then on, fails no call, and is told of once', async () => {
  const dir = await withAida();
  const dataFaults = createDataFaults();
  const people = keepPeople(dir, { dataFaults, log: silentLog, now: () => 7 });
  expect(people.canAnybodySignIn()).toBe(true);
  expect(people.isClosed()).toBe(false);
  const db = new DatabaseSync(join(dir, 'people.db'));
  db.exec(`UPDATE person SET body = 'no json'`);
  db.close();
  // Whoever meets it first, a sign-in too.
  expect(await people.signIn('aida', 'a long password', { address: '127.0.0.1', device: null })).toMatchObject({
    kind: 'refused',
  });
  expect(people.isClosed()).toBe(true);
  expect(people.list()).toEqual([]);
  expect(people.canAnybodySignIn()).toBe(true);
  expect(people.get('aida')).toBeUndefined();
  expect(await people.signIn('aida', 'a long password', { address: '127.0.0.1', device: null })).toEqual({
    kind: 'refused',
  });
  expect(dataFaults.counts()).toMatchObject({ total: 1, first: [{ file: 'people.db', kind: 'damaged', at: 7 }] });
  people.close();
});

it('with its log garbled after a change has lost nothing: nothing waits there', async () => {
  const dir = await withAida();
  const people = openPeople(join(dir, 'people.db'), Date.now);
  const parsed = parsePerson({ name: 'bek', role: 'viewer' });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  await people.put(parsed.value, null);
  writeFileSync(join(dir, 'people.db-wal'), Buffer.alloc(8192, 0x5a));
  const other = new DatabaseSync(join(dir, 'people.db'), { readOnly: true });
  other.close();
  const kept = keepPeople(dir, { dataFaults: createDataFaults(), log: silentLog, now: Date.now });
  expect(kept.list().map(({ name }) => name)).toEqual(['aida', 'bek']);
  expect(kept.isClosed()).toBe(false);
  kept.close();
  people.close();
});
