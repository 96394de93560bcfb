/** Files of the data folder that are gone, empty or shorter than they were: told until a person has dealt with it (contract 1.1, 3.7). */
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SessionWire } from '../../../dashboard/wire.ts';
import type { DataFaultCounts } from '../../../ingest/data-faults.ts';
import { eventually, runAimak, startServer, type TestServer, temporaryFolder } from '../../harness/server.ts';

interface FullHealth {
  readonly status: string;
  readonly data: DataFaultCounts;
}

/** A folder with a person and a reading, stopped. */
let full = '';
const copy = (): string => {
  const folder = join(temporaryFolder(), 'data');
  cpSync(full, folder, { recursive: true });
  return folder;
};
const password = (): string => {
  const file = join(temporaryFolder(), 'password.txt');
  writeFileSync(file, 'a long password\n');
  return file;
};
const addUser = (name: string, dataDir: string) =>
  runAimak(['user', 'add', name, '--role', 'admin', '--password-file', password(), '--data-dir', dataDir]);
const accept = (file: string, dataDir: string) => runAimak(['accept-loss', file, '--data-dir', dataDir]);
const faultsOf = async (server: TestServer) => (await server.get<FullHealth>('/api/health')).data.first;
const sessionOf = (server: TestServer) => server.get<SessionWire>('/api/session');
const signIn = (server: TestServer, user: string) =>
  fetch(`${server.url}/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user, password: 'a long password' }),
  });
const empty = (file: string): void => truncateSync(file, 0);
/** A valid database without a table. */
function blank(file: string): void {
  rmSync(file);
  const db = new DatabaseSync(file);
  db.exec('CREATE TABLE x (y); DROP TABLE x;');
  db.close();
}
const HARMS: readonly [string, (file: string) => void][] = [
  ['deleted', (file) => rmSync(file)],
  ['emptied', empty],
  ['blank', blank],
];

beforeAll(async () => {
  full = join(temporaryFolder(), 'data');
  const server = await startServer({ dataDir: full });
  expect(await addUser('aida', full)).toMatchObject({ code: 0, stderr: '' });
  expect((await server.get<FullHealth>('/api/health')).status).toBe('ok');
  expect(await server.stop()).toBe(0);
});

describe('a folder with nothing wrong', () => {
  it('is told of in no way: new, again, copied, put back from an older copy, without its inventory', async () => {
    const older = copy();
    expect(await addUser('bek', full)).toMatchObject({ code: 0 });
    const withoutInventory = copy();
    rmSync(join(withoutInventory, 'folder.json'));
    for (const dataDir of [older, copy(), withoutInventory]) {
      const server = await startServer({ dataDir });
      expect((await server.get<FullHealth>('/api/health')).data.total).toBe(0);
      expect(await sessionOf(server)).toEqual({ user: null, role: 'viewer', may: [], via: null });
      expect((await signIn(server, 'aida')).status).toBe(200);
      expect(await server.stop()).toBe(0);
    }
  });

  it('nor is one of a version that knew no inventory', async () => {
    const dataDir = copy();
    rmSync(join(dataDir, 'folder.json'));
    for (const file of readdirSync(dataDir).filter((name) => name.endsWith('.db') && name !== 'lock.db')) {
      const db = new DatabaseSync(join(dataDir, file));
      db.exec('PRAGMA application_id = 0');
      if (file === 'people.db')
        db.exec('DROP TRIGGER person_added; DROP TRIGGER person_changed; DROP TRIGGER person_gone; DROP TABLE tally;');
      db.close();
    }
    const server = await startServer({ dataDir });
    expect((await server.get<FullHealth>('/api/health')).data.total).toBe(0);
    expect((await signIn(server, 'aida')).status).toBe(200);
    await server.kill();
    rmSync(join(dataDir, 'people.db'));
    const next = await startServer({ dataDir });
    expect(await faultsOf(next)).toMatchObject([{ file: 'people.db', kind: 'lost' }]);
    await next.kill();
  });
});

describe('people.db', () => {
  it.each(HARMS)('%s: nobody is admin for sitting at the server, until a command says so', async (_, harm) => {
    const dataDir = copy();
    harm(join(dataDir, 'people.db'));
    const server = await startServer({ dataDir });
    expect(await sessionOf(server)).toEqual({ user: null, role: 'viewer', may: [], via: null, closed: 'people-lost' });
    expect((await signIn(server, 'aida')).status).toBe(503);
    expect((await server.health()).status).toBe('degraded');
    expect(await faultsOf(server)).toMatchObject([
      { file: 'people.db', kind: 'lost', detail: expect.stringContaining('accept-loss people.db') },
    ]);
    const lines = server.log().split('\n');
    expect(lines.filter((line) => line.includes('Nobody is let in'))).toHaveLength(1);
    const alarms = await eventually(
      () => server.get<{ rule: string; values: object }[]>('/api/alarms'),
      (list) => list.length > 0,
    );
    expect(alarms).toMatchObject([{ rule: 'data-damaged', values: { part: 'people.db' } }]);
    expect(await addUser('bek', dataDir)).toMatchObject({ code: 1, stderr: expect.stringContaining('accept-loss') });

    expect(await accept('people.db', dataDir)).toMatchObject({ code: 0, stderr: '' });
    await eventually(
      () => sessionOf(server),
      ({ via }) => via === 'loopback',
    );
    expect(await faultsOf(server)).toEqual([]);
    expect(await addUser('bek', dataDir)).toMatchObject({ code: 0 });
    expect((await signIn(server, 'bek')).status).toBe(200);
    expect((await sessionOf(server)).via).toBeNull();
    expect(await server.stop()).toBe(0);
  });

  it('stays closed over restarts, also without the inventory, and opens when a copy is put back', async () => {
    const dataDir = copy();
    rmSync(join(dataDir, 'people.db'));
    await (await startServer({ dataDir })).kill();
    // Damaged it is worth as little as lost.
    writeFileSync(join(dataDir, 'folder.json'), '{"version": 1, "fil');
    const server = await startServer({ dataDir });
    expect((await sessionOf(server)).closed).toBe('people-lost');
    cpSync(join(full, 'people.db'), join(dataDir, 'people.db'));
    await eventually(
      () => sessionOf(server),
      ({ closed }) => closed === undefined,
    );
    expect((await signIn(server, 'aida')).status).toBe(200);
    expect(await faultsOf(server)).toMatchObject([{ file: 'folder.json', kind: 'set-aside' }]);
    expect(await server.stop()).toBe(0);
  });

  it('that lacks what was changed last lets nobody in, though it is a whole database', async () => {
    const dataDir = copy();
    cpSync(join(dataDir, 'people.db'), join(dataDir, 'older'));
    const remove = ['user', 'remove', 'aida', '--data-dir', dataDir];
    expect(await addUser('cholpon', dataDir)).toMatchObject({ code: 0 });
    expect(await runAimak(remove)).toMatchObject({ code: 0 });
    cpSync(join(dataDir, 'older'), join(dataDir, 'people.db'));
    const server = await startServer({ dataDir });
    expect((await signIn(server, 'aida')).status).toBe(503);
    expect(await faultsOf(server)).toMatchObject([
      { file: 'people.db', kind: 'lost', detail: expect.stringContaining('has lost its last changes') },
    ]);
    expect(await accept('people.db', dataDir)).toMatchObject({ code: 0 });
    await eventually(
      () => sessionOf(server),
      ({ closed }) => closed === undefined,
    );
    expect((await signIn(server, 'aida')).status).toBe(200);
    expect(await server.stop()).toBe(0);
  });

  it('that is damaged is left as it is, and the server runs with access closed', async () => {
    const dataDir = copy();
    const file = join(dataDir, 'people.db');
    const bytes = readFileSync(file);
    bytes.fill(0x5a, 4096, 8192);
    writeFileSync(file, bytes);
    const server = await startServer({ dataDir });
    expect((await sessionOf(server)).closed).toBe('people-lost');
    expect(await faultsOf(server)).toMatchObject([{ file: 'people.db', kind: 'damaged' }]);
    for (const tool of [['user', 'list'], ['notify', 'test', 'aida'], ['check-config']]) {
      const { code, stderr } = await runAimak([...tool, '--data-dir', dataDir]);
      expect([code, stderr]).toEqual([tool[0] === 'check-config' ? 2 : 1, expect.stringContaining('people.db')]);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
    expect(await server.stop()).toBe(0);
    expect(readFileSync(file)).toEqual(bytes);
    expect(await accept('people.db', dataDir)).toMatchObject({ code: 0, stdout: expect.stringContaining('.kept-') });
    const kept = readdirSync(dataDir).find((name) => /^people\.db\.kept-[^-]*$/.test(name)) ?? '';
    expect(readFileSync(join(dataDir, kept))).toEqual(bytes);
  });

  it('without anybody in it, as on a first start, closes nothing', async () => {
    const dataDir = temporaryFolder();
    await (await startServer({ dataDir })).kill();
    rmSync(join(dataDir, 'people.db'));
    const server = await startServer({ dataDir });
    expect((await sessionOf(server)).via).toBe('loopback');
    expect(await server.stop()).toBe(0);
  });
});

describe('the other databases, all at once', () => {
  const files = ['alarms.db', 'broker.db', 'notify.db', 'readings.db'];
  const named = async (server: TestServer) => (await faultsOf(server)).toSorted((a, b) => (a.file < b.file ? -1 : 1));

  it.each(HARMS)('%s: the server runs and tells, until a person accepts', async (_, harm) => {
    const dataDir = copy();
    for (const file of files) harm(join(dataDir, file));
    const isLost = files.map((file) => ({
      file,
      kind: 'lost',
      detail: expect.stringContaining(`accept-loss ${file}`),
    }));
    const first = await startServer({ dataDir });
    expect(await named(first)).toMatchObject(isLost);
    expect((await first.health()).status).toBe('degraded');
    for (const file of files) expect(first.log()).toContain(`${file} `);
    await first.kill();
    const second = await startServer({ dataDir });
    expect(await named(second)).toMatchObject(isLost);
    expect(await runAimak(['accept-loss', ...files, '--data-dir', dataDir])).toMatchObject({
      code: 0,
      stdout: files.map((file) => `${file}: accepted\n`).join(''),
    });
    await eventually(
      () => faultsOf(second),
      (faults) => faults.length === 0,
    );
    expect(await second.stop()).toBe(0);
    expect(await accept('alarms.db', dataDir)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nothing is wrong'),
    });
  });

  it('put back while the server was off are told of no more', async () => {
    const dataDir = copy();
    for (const file of files) rmSync(join(dataDir, file));
    await (await startServer({ dataDir })).kill();
    for (const file of files) {
      for (const suffix of ['', '-wal', '-shm']) rmSync(join(dataDir, file + suffix), { force: true });
      cpSync(join(full, file), join(dataDir, file));
    }
    const server = await startServer({ dataDir });
    expect(await faultsOf(server)).toEqual([]);
    expect(await server.stop()).toBe(0);
  });
});

it('keeps the log of a database that is gone: SQLite would delete it', async () => {
  const dataDir = copy();
  await (await startServer({ dataDir })).kill();
  const log = readFileSync(join(dataDir, 'notify.db-wal'));
  expect(log.length).toBeGreaterThan(0);
  rmSync(join(dataDir, 'notify.db'));
  const server = await startServer({ dataDir });
  const kept = readdirSync(dataDir).find((name) => /^notify\.db\.damaged-.*-wal$/.test(name)) ?? '';
  expect(readFileSync(join(dataDir, kept))).toEqual(log);
  expect(await server.stop()).toBe(0);
});

it('refuses an inventory of a newer version, and names it', async () => {
  const dataDir = copy();
  writeFileSync(join(dataDir, 'folder.json'), '{"version": 2, "files": {}}');
  const { code, stderr } = await runAimak(['--data-dir', dataDir, '--http-port', '0', '--mqtt-port', '0']);
  expect([code, stderr]).toEqual([1, expect.stringContaining('folder.json has version 2; this program knows 1')]);
  expect(existsSync(join(dataDir, 'run.json'))).toBe(false);
});

it('accepts only what belongs to the folder', async () => {
  expect(await accept('../secret', copy())).toMatchObject({ code: 2 });
  expect(await runAimak(['accept-loss', '--data-dir', copy()])).toMatchObject({ code: 2 });
});
