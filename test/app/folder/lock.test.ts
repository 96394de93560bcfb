/** One server to a data folder, whatever happens to the files by which others know of it. */
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually, runAimak, startServer, type TestServer, temporaryFolder } from '../../harness/server.ts';

const FIRST_DEVICE = ['--config', 'config/first-device/aimak.yaml', '--http-port', '0', '--mqtt-port', '0'];
const second = (dataDir: string) => runAimak([...FIRST_DEVICE, '--data-dir', dataDir]);
const runFile = (server: TestServer): string => readFileSync(join(server.dataDir, 'run.json'), 'utf8');

describe.skipIf(process.platform === 'darwin')('a second server', () => {
  it.each<[string, (lock: string) => void]>([
    ['deleted', (lock) => rmSync(lock)],
    [
      'replaced',
      (lock) => {
        rmSync(lock);
        writeFileSync(lock, '');
      },
    ],
    ['moved away', (lock) => renameSync(lock, `${lock}.old`)],
    [
      'a folder now',
      (lock) => {
        rmSync(lock);
        mkdirSync(lock);
      },
    ],
  ])('does not run beside the first though lock.db is %s, nor does it take away its run.json', async (_, harm) => {
    const server = await startServer();
    const before = runFile(server);
    harm(join(server.dataDir, 'lock.db'));
    expect(await second(server.dataDir)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('another Aimak Watch is running on it'),
    });
    expect(runFile(server)).toBe(before);
    expect((await server.health()).status).not.toBe('failing');
    await server.kill();
  });

  it('finds the folder held by every path to it', async () => {
    const server = await startServer();
    const link = join(temporaryFolder(), 'data');
    symlinkSync(server.dataDir, link);
    rmSync(join(server.dataDir, 'lock.db'));
    expect(await second(link)).toMatchObject({ code: 1 });
    expect(await server.stop()).toBe(0);
  });

  it('starts at once where the first was killed', async () => {
    const server = await startServer();
    rmSync(join(server.dataDir, 'lock.db'));
    await server.kill();
    const next = await startServer({ dataDir: server.dataDir });
    expect(await next.stop()).toBe(0);
  });
});

it('makes lock.db anew where it was deleted, and holds it: containers know the folder by nothing else', async () => {
  const server = await startServer();
  const lock = join(server.dataDir, 'lock.db');
  rmSync(lock);
  await eventually(
    () => statSync(lock, { throwIfNoEntry: false }) !== undefined,
    (isThere) => isThere,
  );
  const { DatabaseSync } = await import('node:sqlite');
  const other = new DatabaseSync(lock);
  expect(() => other.exec('BEGIN EXCLUSIVE')).toThrow(/locked/);
  other.close();
  expect(await server.stop()).toBe(0);
});

describe('run.json', () => {
  it.each<[string, (file: string) => void]>([
    ['empty', (file) => writeFileSync(file, '')],
    ['a folder', (file) => mkdirSync(file)],
    ['half written', (file) => writeFileSync(file, '{"pid": 12, "host')],
    ['of something else', (file) => writeFileSync(file, '{"name": "x"}')],
  ])('that is %s is one sentence to the tools, and in no server’s way', async (_, make) => {
    const dataDir = temporaryFolder();
    make(join(dataDir, 'run.json'));
    writeFileSync(join(dataDir, 'past.csv'), 'time,level\n2026-01-01 00:00,1\n');
    const replay = ['replay', join(dataDir, 'past.csv'), '--site', 'my-village', '--map', 'level=tank-1-level.level'];
    for (const tool of [
      ['fault', 'list'],
      [...replay, '--time-zone', 'Asia/Bishkek'],
    ]) {
      const { code, stderr } = await runAimak([...tool, '--data-dir', dataDir]);
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/^aimak: .*run\.json cannot be used \(.*\); start .*\n$/),
      ]);
    }
    const server = await startServer({ dataDir });
    expect(await server.stop()).toBe(0);
  });

  it('that another has put there in its place stays when the server stops', async () => {
    const server = await startServer();
    const file = join(server.dataDir, 'run.json');
    writeFileSync(file, '{"pid": 1}');
    expect(await server.stop()).toBe(0);
    expect(readFileSync(file, 'utf8')).toBe('{"pid": 1}');
  });
});
