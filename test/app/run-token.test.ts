/** The command line before a server where people have passwords: whoever may read its data folder is let in. */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runFault } from '../../app/fault-command.ts';
import type { SessionWire } from '../../dashboard/wire.ts';
import { eventually, runAimak, startServer, type TestServer, temporaryFolder } from '../harness/server.ts';

let server: TestServer;
let file: string;
const fault = (...args: string[]) => runAimak(['fault', ...args, '--data-dir', server.dataDir]);
const post = (headers: Record<string, string>) =>
  fetch(`${server.url}/api/sim/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ kind: 'silent', target: 'pressure-1' }),
  });

beforeAll(async () => {
  server = await startServer({ config: 'config/demo/aimak.yaml', args: ['--backfill-days', '0'] });
  file = join(server.dataDir, 'run.token');
  const password = join(temporaryFolder(), 'password.txt');
  writeFileSync(password, 'a long password\n');
  const person = ['--role', 'engineer', '--password-file', password];
  expect(await runAimak(['user', 'add', 'aida', ...person, '--data-dir', server.dataDir])).toMatchObject({ code: 0 });
});

afterAll(async () => {
  await eventually(
    () => server.health(),
    ({ ingest }) => ingest.inFlight === 0,
  );
  expect(await server.stop()).toBe(0);
  expect(existsSync(file)).toBe(false);
});

it('lets the command add and end faults', async () => {
  expect(await fault('add', 'silent', 'pressure-3')).toMatchObject({ code: 0, stderr: '' });
  expect((await fault('list')).stdout).toMatch(/^fault-1 {2}silent pressure-3 /);
  expect(await fault('end', 'fault-1')).toMatchObject({ code: 0, stderr: '' });
});

it('knows its bearer as admin, and nobody else', async () => {
  const authorization = `Bearer ${readFileSync(file, 'utf8')}`;
  const session = async (headers: Record<string, string>): Promise<SessionWire> =>
    (await (await fetch(`${server.url}/api/session`, { headers })).json()) as SessionWire;
  expect(await session({ authorization })).toMatchObject({ user: 'cli', role: 'admin', via: 'command-line' });
  expect((await post({})).status).toBe(401);
  for (const wrong of ['Bearer ', 'Bearer null', authorization.slice(0, -1), `${authorization}x`]) {
    expect((await post({ authorization: wrong })).status, wrong).toBe(401);
  }
});

it('takes the token from no page of elsewhere', async () => {
  const authorization = `Bearer ${readFileSync(file, 'utf8')}`;
  expect((await post({ authorization, origin: 'http://elsewhere.example' })).status).toBe(403);
});

it('hides the token from other accounts, and says so to who has none', async () => {
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const token = readFileSync(file);
  rmSync(file);
  const added = runFault(['add', 'silent', 'pressure-3', '--data-dir', server.dataDir], {});
  await expect(added).rejects.toThrow(/signed in.*the account that the server runs as/);
  writeFileSync(file, token, { mode: 0o600 });
});
