/** What the page says of values that are old, missing or beyond their limit, in a plant of five reservoirs. */
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT, startServer, type TestServer, temporaryFolder } from '../harness/server.ts';
import { expectContrast } from './contrast.ts';
import { PHONE, useBrowser } from './page.ts';

const HATCHING = "getComputedStyle(document.querySelector('.figure-stale')).backgroundImage";
const TIME_ZONE = 'Asia/Bishkek';
const TANKS = ['North', 'East', 'South', 'West', 'Old'] as const;
type Tank = (typeof TANKS)[number];

/** Sent every second, a level is late after 16 s and stale after 60 s. */
function writePlant(): string {
  const folder = temporaryFolder();
  const write = (name: string, content: object) => writeFileSync(join(folder, name), JSON.stringify(content));
  const site = 'village';
  write('aimak.yaml', { version: 1, plant: 'plant.yaml', rules: 'rules.yaml' });
  write('plant.yaml', {
    sites: [{ id: site, name: { en: 'Village' }, lat: 42.4, lon: 76.4, timeZone: TIME_ZONE }],
    assets: TANKS.map((name) => {
      const marks = { overflowM: 3.8, fireReserveM: 1 };
      return {
        id: idOf(name),
        site,
        kind: 'reservoir',
        name: { en: name },
        levelVolume: [
          [0, 0],
          [4, 300],
        ],
        ...marks,
      };
    }),
    devices: TANKS.map((name) => ({
      id: `${idOf(name)}-level`,
      site,
      profile: 'reservoir-level',
      asset: idOf(name),
      everyS: 1,
    })),
  });
  const title = { ky: 'Суу аз', ru: 'Мало воды', en: 'The tank is low' };
  const texts = { title, cause: title, consequence: title, action: title };
  write('rules.yaml', [
    { id: 'low', on: { metric: 'level' }, below: 1, deadband: 0.05, priority: 'critical', ...texts },
  ]);
  return relative(ROOT, join(folder, 'aimak.yaml'));
}

const idOf = (name: Tank) => name.toLowerCase();

describe('the page of five reservoirs', () => {
  const browser = useBrowser();
  let server: TestServer;
  let gateway: MqttClient;

  beforeAll(async () => {
    server = await startServer({ config: writePlant() });
    gateway = await mqtt.connectAsync(server.mqttUrl);
  });
  afterAll(async () => {
    await gateway.endAsync();
    expect(await server.stop()).toBe(0);
  });

  const send = (name: Tank, level: number | null, ageS = 0) => {
    const payload = { ts: Date.now() - ageS * 1000, values: { level } };
    return gateway.publishAsync(`aimak/v1/village/${idOf(name)}-level/telemetry`, JSON.stringify(payload), { qos: 1 });
  };
  const tank = (page: Page, name: Tank) => page.locator('.tank', { has: page.getByRole('heading', { name }) });

  it('raises an alarm above everything else when a level falls below its limit, and drops it when it is back and acknowledged', async () => {
    await send('North', 2.5);
    const page = await browser.open(server.url);
    await tank(page, 'North').getByText('2.50').waitFor();
    const alarm = page.getByRole('region', { name: 'Alarms' }).getByRole('button', { name: /^The tank is low/ });
    expect(await alarm.count()).toBe(0);

    await send('North', 0.8);
    await alarm.waitFor({ timeout: 1_000 });
    expect(await alarm.innerText()).toMatch(/critical · North · since \d\d:\d\d · 0\.80\sm, limit 1\.00\sm/);
    expect(await alarm.locator('.priority').textContent()).toBe('1');
    const [alarmBox, tankBox] = [await alarm.boundingBox(), await tank(page, 'North').boundingBox()];
    expect(alarmBox?.y).toBeLessThan(tankBox?.y ?? 0);
    await page.getByRole('link', { name: 'Trend' }).click();
    await page.locator('.series-page').getByRole('heading', { name: 'North' }).waitFor();
    await page.goBack();

    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await send('North', 1.5);
    await alarm.waitFor({ state: 'detached', timeout: 10_000 });
    await page.getByText(/^No open alarms/).waitFor();
  });

  it('says how old a late value is, then hatches it and gives its time when it is stale', async () => {
    const page = await browser.open(server.url);
    const east = tank(page, 'East');
    const seen = Date.now() - 56_000;
    await send('East', 2.25, 56);
    await east.getByText(/^5\d s ago$/).waitFor();
    expect(await east.locator('.figure-late').innerText()).toMatch(/^2\.25\s*m$/);

    const stale = east.locator('.figure-stale');
    await stale.waitFor({ timeout: 8_000 });
    expect(await stale.innerText()).toMatch(/^2\.25\s*m$/);
    expect(await page.evaluate<string>(HATCHING)).toContain('repeating-linear-gradient');
    const time = new Intl.DateTimeFormat('en-GB', { timeZone: TIME_ZONE, timeStyle: 'short' }).format(seen);
    expect(await east.locator('.note').innerText()).toMatch(new RegExp(`^last seen (.*, )?${time}$`));
    await east.getByRole('img', { name: 'stale' }).waitFor();
    expect(await page.getByText('All is well').count()).toBe(0);

    await send('East', 2.3);
    await east.locator('.figure-fresh').getByText('2.30').waitFor();
  });

  it('shows a dash and the reason, never 0, for what a device could not read, and "unknown" for what never came', async () => {
    const page = await browser.open(server.url);
    await send('South', null);
    await tank(page, 'South').getByText('could not be read').waitFor();
    expect(await tank(page, 'South').locator('.figure').innerText()).toBe('–');
    expect(await tank(page, 'West').locator('.figure').innerText()).toBe('unknown');
    await send('South', 2);
    await tank(page, 'South').getByText('2.00').waitFor();
  });

  it.each(['light', 'dark'] as const)(
    'can be read in every state in %s: 7:1 for values, 4.5:1 for all else',
    async (colorScheme) => {
      await send('North', 0.7);
      await send('East', 2.2);
      await send('South', null);
      await send('Old', 2.2, 70);
      const page = await browser.open(server.url, { colorScheme, ...PHONE });
      await page.getByRole('button', { name: /^The tank is low/ }).waitFor();
      await tank(page, 'South').getByText('could not be read').waitFor();
      await tank(page, 'Old').locator('.figure-stale').waitFor();
      await tank(page, 'West').locator('.figure-unknown').waitFor();
      await expectContrast(page);
    },
  );
});
