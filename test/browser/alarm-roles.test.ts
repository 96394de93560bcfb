/** Who is offered what about alarms. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role } from '../../model/person.ts';
import { runAimak, startServer, type TestServer, temporaryFolder } from '../harness/server.ts';
import { writeAlarmPlant } from './alarm-plant.ts';
import { useBrowser } from './page.ts';

describe('on the page of alarms', () => {
  const browser = useBrowser();
  let server: TestServer;

  beforeAll(async () => {
    server = await startServer({ config: writeAlarmPlant() });
    const gateway = await mqtt.connectAsync(server.mqttUrl);
    await gateway.publishAsync('aimak/v1/village/level/telemetry', '{"level": 0.5}', { qos: 1 });
    await gateway.publishAsync('aimak/v1/village/meter/telemetry', '{"flow_rate": 25}', { qos: 1 });
    await gateway.endAsync();
    for (const role of ['viewer', 'technician', 'operator'] as const) await addPerson(role);
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
  });

  async function addPerson(role: Role): Promise<void> {
    const password = join(temporaryFolder(), 'password.txt');
    writeFileSync(password, 'a long password');
    const flags = ['--role', role, '--password-file', password, '--data-dir', server.dataDir];
    expect(await runAimak(['user', 'add', `the-${role}`, ...flags])).toMatchObject({ code: 0 });
  }

  it.each([
    ['viewer', []],
    ['technician', ['Acknowledge', 'Flushing']],
    ['operator', ['Acknowledge', 'Flushing', 'Shelve…']],
  ] as const)('whoever is %s is offered just what that role allows', async (role, offered) => {
    const page = await browser.open(server.url);
    await page.getByRole('button', { name: 'Sign in to acknowledge alarms' }).click();
    const line = page.locator('#session');
    await line.getByLabel('Name').fill(`the-${role}`);
    await line.getByLabel('Password').fill('a long password');
    await line.getByRole('button', { name: 'Sign in' }).click();
    await line.getByText(`Signed in: the-${role}`).waitFor();

    await page.getByRole('button', { name: /^Flow: title/ }).click();
    await page.getByText('Flow: consequence').waitFor();
    const flow = page.locator('.alarm', { hasText: 'Flow: title' });
    for (const act of ['Acknowledge', 'Flushing', 'Shelve…', 'Take out of service…']) {
      const isOffered = offered.some((each) => each === act);
      expect(await flow.getByRole('button', { name: act }).count(), act).toBe(isOffered ? 1 : 0);
    }
    expect(await page.locator('.zone button').count()).toBe(role === 'viewer' ? 0 : 1);
  });

  it('whoever is not signed in reads all of it, and is offered nothing but to sign in', async () => {
    const page = await browser.open(server.url);
    await page.getByText('Low: action').waitFor();
    await page.getByRole('button', { name: 'Sign in to acknowledge alarms' }).waitFor();
    const words = await page.locator('.alarms button').allInnerTexts();
    expect(words.map((text) => text.match(/Low: title|Flow: title|Sign in/)?.[0])).toEqual([
      'Low: title',
      'Flow: title',
      'Sign in',
    ]);
    expect(await page.locator('.zone button').count()).toBe(0);
  });
});
