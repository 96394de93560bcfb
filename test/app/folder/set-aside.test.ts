/** Files that the server can do without are set aside where they cannot be used, and told of; those that it cannot do without are named. */
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { connectAsync } from 'mqtt';
import { describe, expect, it } from 'vitest';
import type { DataFaultCounts } from '../../../ingest/data-faults.ts';
import { eventually, runAimak, startServer, type TestServer, temporaryFolder } from '../../harness/server.ts';

const faultsOf = async (server: TestServer) => (await server.get<{ data: DataFaultCounts }>('/api/health')).data.first;
const start = (dataDir: string) =>
  runAimak([
    '--config',
    'config/first-device/aimak.yaml',
    '--data-dir',
    dataDir,
    '--http-port',
    '0',
    '--mqtt-port',
    '0',
  ]);
const asideOf = (dataDir: string, file: string) =>
  readdirSync(dataDir).filter((name) => name.startsWith(`${file}.damaged-`) && !/-(wal|shm)$/.test(name));

async function publishes(server: TestServer): Promise<void> {
  const client = await connectAsync(server.mqttUrl);
  await client.publishAsync('aimak/v1/my-village/tank-1-level/telemetry', '{"level": 2.4}', { qos: 1 });
  await client.endAsync();
}

const garbage = (file: string): void =>
  writeFileSync(file, 'no database, but long enough to be looked at as one'.repeat(200));
const HARMS: readonly [string, (file: string) => void][] = [
  ['garbled', garbage],
  ['a folder', (file) => mkdirSync(file)],
  ['a link to nowhere', (file) => symlinkSync('/nowhere/at/all', file)],
];

describe('all that the server can do without at once', () => {
  it.each(HARMS)('%s: is set aside, and told of over restarts until a person has moved it away', async (what, harm) => {
    const dataDir = temporaryFolder();
    const files = [
      'broker.db',
      'notify.db',
      'lock.db',
      'sim.json',
      'run.json',
      'run.token',
      'rejects.jsonl',
      'folder.json',
    ];
    for (const file of files) harm(join(dataDir, file));
    // What is written anew, or read by people only, may hold anything.
    const told = what === 'garbled' ? files.filter((file) => !/^r/.test(file)) : files;
    const expected = told.sort().map((file) => ({ file, kind: 'set-aside' }));
    const server = await startServer({ dataDir });
    await publishes(server);
    const named = async (of: TestServer) => (await faultsOf(of)).toSorted((a, b) => (a.file < b.file ? -1 : 1));
    expect(await named(server)).toMatchObject(expected);
    for (const { file, detail } of await named(server)) expect(detail).toContain(`accept-loss ${file}`);
    expect(await server.stop()).toBe(0);
    const again = await startServer({ dataDir });
    expect(await named(again)).toMatchObject(expected);
    for (const file of told) {
      const [aside = ''] = asideOf(dataDir, file);
      if (what === 'garbled') expect(readFileSync(join(dataDir, aside), 'utf8')).toContain('no database, but long');
      rmSync(join(dataDir, aside), { recursive: true });
    }
    await eventually(
      () => faultsOf(again),
      (faults) => faults.length === 0,
    );
    expect(await again.stop()).toBe(0);
  });
});

describe('a file that the server can do without', () => {
  it.each([
    ['broker.db', `INSERT INTO session VALUES ('dev', 1, 'no json')`],
    [
      'notify.db',
      `INSERT INTO message VALUES ('a', 'aida', 'first', 1, 0, 'queued', 0, 1, NULL, NULL, NULL, 'no json', '{}')`,
    ],
    ['broker.db', 'DROP TABLE retained'],
    ['notify.db', 'DROP TABLE run'],
  ])('%s with %s in it is set aside, and the next start is as any other', async (file, sql) => {
    const dataDir = temporaryFolder();
    expect(await (await startServer({ dataDir })).stop()).toBe(0);
    const db = new DatabaseSync(join(dataDir, file));
    db.exec(sql);
    db.close();
    const server = await startServer({ dataDir });
    await publishes(server);
    expect(await faultsOf(server)).toMatchObject([{ file, kind: 'set-aside' }]);
    expect(await runAimak(['accept-loss', file, '--data-dir', dataDir])).toMatchObject({ code: 0 });
    await eventually(
      () => faultsOf(server),
      (faults) => faults.length === 0,
    );
    expect(await server.stop()).toBe(0);
    const next = await startServer({ dataDir });
    expect(await faultsOf(next)).toEqual([]);
    expect(await next.stop()).toBe(0);
  });

  it.each(['broker.db', 'notify.db'])('%s of a newer version is left as it is, and named', async (file) => {
    const dataDir = temporaryFolder();
    const db = new DatabaseSync(join(dataDir, file));
    db.exec('PRAGMA user_version = 99');
    db.close();
    const { code, stderr } = await start(dataDir);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^aimak: [^\n]*\.db [^\n]*version 99.*; start the newer program that wrote it\n$/),
    ]);
    expect(stderr).toContain(join(dataDir, file));
    expect(asideOf(dataDir, file)).toEqual([]);
  });

  it('is kept five times, and not without end', async () => {
    const dataDir = temporaryFolder();
    for (let i = 0; i < 8; i++) {
      writeFileSync(join(dataDir, `broker.db.damaged-2026010${i + 1}T000000.000Z`), String(i));
    }
    garbage(join(dataDir, 'broker.db'));
    const server = await startServer({ dataDir });
    expect(asideOf(dataDir, 'broker.db')).toHaveLength(5);
    expect(await server.stop()).toBe(0);
  });
});

describe.each(['readings.db', 'alarms.db', 'outbox.db'])('%s, which it cannot do without,', (file) => {
  const influx = ['--store', 'influx', '--influx-url', 'http://127.0.0.1:1', '--influx-api', 'v1'];
  it.each(HARMS)('%s: one sentence names the file and what to do, and nothing is changed', async (what, harm) => {
    const dataDir = temporaryFolder();
    harm(join(dataDir, file));
    const before = what === 'garbled' ? readFileSync(join(dataDir, file)) : null;
    const args = [
      '--config',
      'config/first-device/aimak.yaml',
      '--data-dir',
      dataDir,
      '--http-port',
      '0',
      '--mqtt-port',
      '0',
    ];
    const { code, stderr } = await runAimak([...args, ...(file === 'outbox.db' ? influx : [])]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^aimak: [^\n]*\.db[^\n]*put a (copy|backup) back[^\n]*\n$/),
    ]);
    expect(stderr).toContain(join(dataDir, file));
    if (before) expect(readFileSync(join(dataDir, file))).toEqual(before);
    expect(asideOf(dataDir, file)).toEqual([]);
  });
});

it('leaves nothing behind of a process that was killed while it wrote', async () => {
  const dataDir = temporaryFolder();
  for (const name of ['run.json.new', 'folder.json.new', 'sim.json.tmp']) writeFileSync(join(dataDir, name), 'half');
  const server = await startServer({ dataDir });
  expect(readdirSync(dataDir).filter((name) => /\.(new|tmp)$/.test(name))).toEqual([]);
  expect(await server.stop()).toBe(0);
});
