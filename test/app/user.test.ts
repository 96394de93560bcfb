/** `aimak user`, `notify test` and what `check-config` says of both. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, runAimak, temporaryFolder } from '../harness/server.ts';

const PLANT = join(ROOT, 'config/first-device/plant.yaml');

function configWith(notify: string): { folder: string; config: string[]; password: string } {
  const folder = temporaryFolder();
  const password = join(folder, 'password.txt');
  writeFileSync(password, 'a long password\n');
  writeFileSync(join(folder, 'secret.txt'), 'shared\n');
  writeFileSync(join(folder, 'aimak.yaml'), `plant: ${PLANT}\ndataDir: data\nnotify: ${notify}\n`);
  return { folder, config: ['--config', join(folder, 'aimak.yaml')], password };
}

describe('aimak user', () => {
  it('adds, changes, lists and removes people', async () => {
    const { config, password } = configWith('{}');
    expect((await runAimak(['user', 'list', ...config])).stdout).toContain('whoever sits at the server is admin');
    const flags = ['--role', 'operator', '--turn', '1', '--phone', '+996555123456', '--password-file', password];
    expect(await runAimak(['user', 'add', 'aida', ...flags, ...config])).toMatchObject({ code: 0 });
    const changes = [
      '--hours',
      '07:00-22:00',
      '--email',
      'aida@example.org',
      '--phone',
      'none',
      '--sites',
      'my-village',
    ];
    expect(await runAimak(['user', 'set', 'aida', ...changes, ...config])).toMatchObject({ code: 0 });
    expect((await runAimak(['user', 'list', ...config])).stdout).toBe(
      'aida  operator, ky, turn 1, my-village, 07:00-22:00, from medium on, email aida@example.org\n',
    );
    const mornings = ['--turn', 'none', '--morning', 'yes', '--hours', 'none'];
    expect(await runAimak(['user', 'set', 'aida', ...mornings, ...config])).toMatchObject({ code: 0 });
    expect((await runAimak(['user', 'list', ...config])).stdout).toContain('ky, mornings only, my-village, at any');
    expect(await runAimak(['user', 'add', 'aida', ...flags, ...config])).toMatchObject({ code: 1 });
    expect(await runAimak(['user', 'remove', 'aida', ...config])).toMatchObject({ code: 0 });
    expect(await runAimak(['user', 'remove', 'aida', ...config])).toMatchObject({ code: 1 });
  });

  it('names every fault of what is said of a person, by its option', async () => {
    const { config, password, folder } = configWith('{}');
    const faults = ['--role', 'boss', '--phone', '0555', '--turn', '0', '--hours', '7-22', '--morning', 'often'];
    const flags = [...faults, '--password-file', password];
    const { code, stderr } = await runAimak(['user', 'add', 'Aida', ...flags, ...config]);
    expect(code).toBe(2);
    for (const flag of ['NAME: ', '--role: ', '--phone: ', '--turn: ', '--hours: ', '--morning: expected yes'])
      expect(stderr).toContain(flag);
    writeFileSync(join(folder, 'short.txt'), 'short');
    const short = ['--role', 'viewer', '--password-file', join(folder, 'short.txt')];
    expect(await runAimak(['user', 'add', 'bek', ...short, ...config])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('at least 8 characters'),
    });
    expect(await runAimak(['user', 'add', 'bek', '--role', 'viewer', ...config])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--password-file: expected one'),
    });
  });

  it('asks for the password at a terminal and does not show it', async ({ skip }) => {
    if (spawnSync('socat', ['-V']).error) skip('socat is not there (apt-get install socat)');
    const { config } = configWith('{}');
    const command = `${process.execPath} app/main.ts user add bek --role viewer ${config.join(' ')}`;
    const terminal = spawn('socat', ['-', `EXEC:"${command}",pty,setsid,ctty`], { cwd: ROOT });
    let shown = '';
    const questions = ['Password', 'Once more'];
    terminal.stdout.on('data', (chunk: Buffer) => {
      shown += chunk.toString();
      if (shown.includes(questions[0] ?? '\0')) {
        questions.shift();
        terminal.stdin.write('купуя сөздөр\r');
      }
    });
    await expect.poll(() => shown, { timeout: 10_000 }).toContain('added: bek');
    terminal.stdin.end();
    await once(terminal, 'close');
    expect(shown).not.toContain('купуя');
  });
});

describe('check-config', () => {
  it('names every unknown person, site and channel, and every secret that is not there', async () => {
    const notify =
      '{telegram: {tokenFile: gone.txt}, channels: [fax], turns: [{site: nowhere, people: [nobody]}, {site: my-village, people: [aida]}]}';
    const { config, password, folder } = configWith(notify);
    writeFileSync(join(folder, 'good.yaml'), `plant: ${PLANT}\ndataDir: data\n`);
    const person = [
      '--role',
      'operator',
      '--sites',
      'elsewhere',
      '--email',
      'a@example.org',
      '--password-file',
      password,
    ];
    await runAimak(['user', 'add', 'aida', ...person, '--config', join(folder, 'good.yaml')]);
    const wrongChannel = await runAimak(['check-config', ...config]);
    expect(wrongChannel).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('aimak.yaml:3 notify.channels[0]: expected one of'),
    });
    writeFileSync(
      join(folder, 'aimak.yaml'),
      `plant: ${PLANT}\ndataDir: data\nnotify: ${notify.replace('fax', 'sms')}\n`,
    );
    const { code, stderr } = await runAimak(['check-config', ...config]);
    expect(code).toBe(2);
    for (const sentence of [
      'notify.telegram.tokenFile: ',
      'notify.turns[0].site: no site "nowhere" in the plant',
      'notify.turns[0].people[0]: no person "nobody"',
      'person "aida": email: the configuration has no notify.email',
    ]) {
      expect(stderr).toContain(sentence);
    }
    expect(stderr).not.toContain('no person "aida"');
  });
});

describe('aimak notify test', () => {
  it('sends a test message over each way to a person, and says which are shut', async () => {
    const { config, password } = configWith('{webhook: {secretFile: secret.txt}}');
    const bodies: string[] = [];
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      bodies.push(Buffer.concat(chunks).toString());
      response.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const hook = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const person = ['--role', 'viewer', '--webhook', hook, '--password-file', password];
    await runAimak(['user', 'add', 'aida', ...person, ...config]);
    expect(await runAimak(['notify', 'test', 'aida', ...config])).toMatchObject({
      code: 0,
      stdout: `webhook: sent to ${hook}\n`,
    });
    expect(JSON.parse(bodies[0] ?? '')).toMatchObject({
      subject: 'Aimak Watch: сыноо билдирүүсү',
      facts: { kind: 'test' },
    });
    server.close();
    await runAimak(['user', 'set', 'aida', '--email', 'a@example.org', ...config]);
    const shut = await runAimak(['notify', 'test', 'aida', ...config]);
    expect(shut.code).toBe(1);
    expect(shut.stderr).toContain('webhook: ECONNREFUSED');
    expect(shut.stderr).toContain('email: the configuration has no notify.email');
    expect(await runAimak(['notify', 'test', 'nobody', ...config])).toMatchObject({ code: 1 });
  });
});
