/** Whose the data folder is, and who may read it. Accounts other than one's own are root's to try. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, runAimak, startServer, temporaryFolder } from '../../harness/server.ts';

const isPosix = process.getuid !== undefined;
const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;
const modeOf = (path: string): number => statSync(path).mode & 0o777;
const filesOf = (dir: string): string[] => readdirSync(dir).map((name) => join(dir, name));

function passwordFile(): string {
  const file = join(temporaryFolder(), 'password.txt');
  writeFileSync(file, 'a long password\n', { mode: 0o600 });
  return file;
}
const addUser = (dataDir: string) =>
  runAimak(['user', 'add', 'aida', '--role', 'admin', '--password-file', passwordFile(), '--data-dir', dataDir]);

describe.skipIf(!isPosix)('the data folder', () => {
  it('is made for its own account only, by the server and by a command, whatever the umask says', async () => {
    const before = process.umask(0);
    try {
      const dataDir = join(temporaryFolder(), 'var', 'data');
      expect(await addUser(dataDir)).toMatchObject({ code: 0, stderr: '' });
      const server = await startServer({ dataDir });
      expect(modeOf(dataDir)).toBe(0o700);
      for (const file of filesOf(dataDir)) expect([file, modeOf(file)]).toEqual([file, 0o600]);
      expect(await server.stop()).toBe(0);
    } finally {
      process.umask(before);
    }
  });

  it('of an older version is shut to others once, told once, and stays as a person opens it then', async () => {
    const dataDir = temporaryFolder();
    expect(await (await startServer({ dataDir })).stop()).toBe(0);
    chmodSync(dataDir, 0o755);
    for (const file of filesOf(dataDir)) chmodSync(file, 0o644);
    const server = await startServer({ dataDir });
    expect(server.log()).toContain('now its own account alone may');
    expect(modeOf(dataDir)).toBe(0o700);
    for (const file of filesOf(dataDir)) expect([file, modeOf(file)]).toEqual([file, 0o600]);
    expect(await server.stop()).toBe(0);
    chmodSync(dataDir, 0o750);
    const next = await startServer({ dataDir });
    expect(next.log()).not.toContain('now its own account alone may');
    expect(modeOf(dataDir)).toBe(0o750);
    expect(modeOf(join(dataDir, 'folder.json'))).toBe(0o600);
    expect(await next.stop()).toBe(0);
  });
});

describe.skipIf(!isRoot)('the folder of another account, to root', () => {
  function ofNobody(): string {
    const dataDir = join(temporaryFolder(), 'data');
    mkdirSync(dataDir, { mode: 0o700 });
    chmodSync(join(dataDir, '..'), 0o755);
    chownSync(dataDir, NOBODY, NOBODY);
    return dataDir;
  }

  it('keeps its owner when a user is added, and the password file may be root’s alone', async () => {
    const dataDir = ofNobody();
    expect(await addUser(dataDir)).toMatchObject({ code: 0, stderr: '' });
    expect(await runAimak(['user', 'list', '--data-dir', dataDir])).toMatchObject({ code: 0 });
    expect(filesOf(dataDir).map((file) => lstatSync(file).uid)).toEqual(filesOf(dataDir).map(() => NOBODY));
    expect(filesOf(dataDir).length).toBeGreaterThan(0);
  });

  it('that cannot itself reach it is told so', async () => {
    const dataDir = ofNobody();
    chmodSync(join(dataDir, '..'), 0o700);
    expect(await addUser(dataDir)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^aimak: .* cannot reach it/),
    });
  });

  it('is given what a server that root has started makes there, and that is told', async () => {
    const dataDir = ofNobody();
    const server = await startServer({ dataDir });
    expect(server.log()).toContain('run it as that account');
    expect(await server.stop()).toBe(0);
    for (const file of filesOf(dataDir)) expect([file, lstatSync(file).uid]).toEqual([file, NOBODY]);
  });
});

describe.skipIf(!isRoot)('an account that may not', () => {
  /** As an account without rights; the program itself must be readable to it. */
  async function asNobody(args: readonly string[]) {
    const child = spawn(process.execPath, ['app/start.js', ...args], {
      cwd: ROOT,
      uid: NOBODY,
      gid: NOBODY,
      env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: '/tmp/none' },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk;
    });
    const stopping = setTimeout(() => child.kill('SIGTERM'), 8_000);
    await once(child, 'close');
    clearTimeout(stopping);
    return { code: child.exitCode, stdout, stderr };
  }
  const server = (dataDir: string) =>
    asNobody([
      '--config',
      'config/first-device/aimak.yaml',
      '--data-dir',
      dataDir,
      '--http-port',
      '0',
      '--mqtt-port',
      '0',
    ]);

  it('is told whose the folder is by the command, and that it cannot be written by the server', async () => {
    const dataDir = join(temporaryFolder(), 'data');
    mkdirSync(dataDir, { mode: 0o755 });
    chmodSync(join(dataDir, '..'), 0o755);
    const user = await asNobody(['user', 'list', '--data-dir', dataDir]);
    expect([user.code, user.stderr]).toEqual([1, expect.stringContaining('belongs to another account (0)')]);
    const started = await server(dataDir);
    expect([started.code, started.stderr]).toEqual([
      1,
      expect.stringMatching(/^aimak: data folder .* cannot be written/),
    ]);
  });

  it('names a file of root’s that the server cannot do without, and what helps', async () => {
    const dataDir = join(temporaryFolder(), 'data');
    expect(await (await startServer({ dataDir })).stop()).toBe(0);
    chmodSync(join(dataDir, '..'), 0o755);
    chownSync(dataDir, NOBODY, NOBODY);
    for (const file of filesOf(dataDir)) if (!file.endsWith('alarms.db')) chownSync(file, NOBODY, NOBODY);
    const { code, stderr } = await server(dataDir);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/alarms\.db cannot be used: this account may not .*chown/),
    ]);
  });

  it('runs with access closed on people that root has made, and says what helps', async () => {
    const dataDir = join(temporaryFolder(), 'data');
    expect(await (await startServer({ dataDir })).stop()).toBe(0);
    expect(await addUser(dataDir)).toMatchObject({ code: 0 });
    chmodSync(join(dataDir, '..'), 0o755);
    chownSync(dataDir, NOBODY, NOBODY);
    for (const file of filesOf(dataDir)) if (!file.endsWith('people.db')) chownSync(file, NOBODY, NOBODY);
    const { stdout, stderr } = await server(dataDir);
    expect(stderr).toBe('');
    expect(stdout).toMatch(/people\.db cannot be used, this account may not read and write it.*Give it to the account/);
    expect(stdout).toContain('Aimak Watch is up');
  });
});
