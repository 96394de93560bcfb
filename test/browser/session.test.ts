/** Whose name the page acts in: it says so, and lets people sign in and out. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AlarmWire } from '../../dashboard/wire.ts';
import { runAimak, startServer, type TestServer, temporaryFolder } from '../harness/server.ts';
import { expectContrast } from './contrast.ts';
import { PHONE, useBrowser } from './page.ts';

describe('the page', () => {
  const browser = useBrowser();
  let server: TestServer;

  beforeAll(async () => {
    server = await startServer();
    const device = await mqtt.connectAsync(server.mqttUrl);
    await device.publishAsync('aimak/v1/my-village/tank-1-level/telemetry', '{"level": 0.5}', { qos: 1 });
    await device.endAsync();
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
  });

  it('says that whoever sits at the server may do everything, and once there is a user asks who is there', async () => {
    const page = await browser.open(server.url, { ...PHONE, allowed: [/401/] });
    const line = page.locator('#session');
    await expect.poll(() => line.innerText()).toContain('whoever sits at the server may do everything');

    const password = join(temporaryFolder(), 'password.txt');
    writeFileSync(password, 'a long password');
    const flags = ['--role', 'operator', '--password-file', password, '--data-dir', server.dataDir];
    expect(await runAimak(['user', 'add', 'aida', ...flags])).toMatchObject({ code: 0 });
    await page.reload();
    await expect.poll(() => line.innerText()).toContain('You look only.');
    await line.getByRole('button', { name: 'Sign in' }).click();
    await line.getByLabel('Name').fill('aida');
    await line.getByLabel('Password').fill('a wrong password');
    await line.getByRole('button', { name: 'Sign in' }).click();
    await expect.poll(() => line.getByRole('alert').innerText()).toBe('Another name, or another password');
    await expectContrast(page);
    await line.getByLabel('Password').fill('a long password');
    await line.getByRole('button', { name: 'Sign in' }).click();
    await expect.poll(() => line.innerText()).toContain('Signed in: aida');

    await page
      .getByRole('button', { name: /^Acknowledge/ })
      .first()
      .click();
    const alarms = () => server.get<AlarmWire[]>('/api/alarms');
    await expect.poll(async () => (await alarms())[0]?.state, { timeout: 10_000 }).toBe('acknowledged');
    await line.getByRole('button', { name: 'Sign out' }).click();
    await expect.poll(() => line.innerText()).toContain('You look only.');
  });
});
