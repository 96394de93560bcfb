/** A newcomer's plant of one device, as its page shows it. */
import { readFile } from 'node:fs/promises';
import mqtt, { type MqttClient } from 'mqtt';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../harness/server.ts';
import { useBrowser } from './page.ts';

const LEVEL = 'aimak/v1/my-village/tank-1-level/telemetry';
const LEVEL_PAGE = '#/series/tank-1-level/level';
const HOUR_MS = 3_600_000;

describe('the page of a plain device', () => {
  const browser = useBrowser();
  let server: TestServer;
  let device: MqttClient;

  beforeAll(async () => {
    server = await startServer();
    device = await mqtt.connectAsync(server.mqttUrl);
  });
  afterAll(async () => {
    await device.endAsync();
    expect(await server.stop()).toBe(0);
  });

  const send = (payload: object) => device.publishAsync(LEVEL, JSON.stringify(payload), { qos: 1 });
  const tank = (page: Page) => page.locator('.tank', { hasText: 'Reservoir' });
  const isLive = (page: Page) => page.getByRole('status').getByText('live', { exact: true }).waitFor();

  it('says before the first reading that the level is unknown, and does not say 0', async () => {
    const page = await browser.open(server.url);
    await tank(page).getByText('unknown').waitFor();
    expect(await tank(page).innerText()).not.toMatch(/\d\s*m\b/);
    await page.getByText('No open alarms · no current data: 1 device').waitFor();
  });

  it('shows a published reading within a second, without being loaded again', async () => {
    const page = await browser.open(server.url);
    await isLive(page);
    await send({ level: 3.1 });
    await tank(page).getByText('3.10').waitFor();
    const published = performance.now();
    await send({ level: 2.4 });
    await tank(page).getByText('2.40').waitFor();
    expect(performance.now() - published).toBeLessThan(1_000);
    await tank(page).getByText('180 m³').waitFor();
  });

  it('opens a series by its own address, and goes back from there to the overview', async () => {
    await send({ level: 2.2 });
    const page = await browser.open(server.url, { at: LEVEL_PAGE });
    await page.getByRole('heading', { name: 'Reservoir' }).waitFor();
    expect(await page.title()).toBe('Reservoir: level · My village');
    await page.locator('.series-head').getByText('2.20').waitFor();
    await page.getByRole('link', { name: 'Back' }).click();
    await tank(page).getByText('2.20').waitFor();
    expect(new URL(page.url()).hash).toBe('#/');
  });

  it('goes from the overview to a series in one tap, and back by the browser and by its own link', async () => {
    await send({ level: 2.1 });
    const page = await browser.open(server.url);
    await tank(page).getByText('2.10').waitFor();
    for (const back of [() => page.goBack(), () => page.getByRole('link', { name: 'Back' }).click()]) {
      await tank(page).click();
      await page.locator('.series-page').getByText('level', { exact: true }).waitFor();
      expect(new URL(page.url()).hash).toBe(LEVEL_PAGE);
      await back();
      await tank(page).waitFor({ state: 'visible' });
      expect(await page.locator('.series-page').count()).toBe(0);
    }
  });

  it('says of an address without a value that there is none, and offers the way back', async () => {
    const page = await browser.open(server.url, { at: '#/series/ghost/level' });
    await page.getByText('There is no such value.').waitFor();
    await page.getByRole('link', { name: 'Back' }).click();
    await tank(page).waitFor();
  });

  it('saves as CSV just the readings that the chart shows', async () => {
    const now = Date.now();
    const past = [200, 100, 3, 2, 1].map((hours, i) => ({ ts: now - hours * HOUR_MS, level: 1.1 + i / 10 }));
    for (const { ts, level } of past) await send({ ts, values: { level } });
    await send({ ts: now, values: { level: 1.9 } });
    const page = await browser.open(server.url, { at: LEVEL_PAGE });

    const saved = async () => {
      const downloading = page.waitForEvent('download');
      await page.getByRole('link', { name: 'Save as CSV' }).click();
      const download = await downloading;
      expect(download.suggestedFilename()).toBe('tank-1-level.level.csv');
      const [head, ...rows] = (await readFile(await download.path(), 'utf8')).trim().split('\n');
      expect(head).toBe('time,level (m)');
      return rows;
    };
    const rowOf = ({ ts, level }: { ts: number; level: number }) => `${new Date(ts).toISOString()},${level}`;

    await page.getByRole('img', { name: 'level: min 1.30' }).locator('canvas').waitFor();
    const ofDay = await saved();
    expect(ofDay.slice(0, 3)).toEqual(past.slice(2).map(rowOf));
    expect(ofDay).toContain(rowOf({ ts: now, level: 1.9 }));
    await page.getByRole('button', { name: '14 days' }).click();
    await page.getByRole('img', { name: 'level: min 1.10' }).locator('canvas').waitFor();
    expect((await saved()).slice(0, 5)).toEqual(past.map(rowOf));
  });

  it('tells of a list of devices that does not load, and loads it at a tap on "Try again"', async () => {
    let calls = 0;
    let isDown = true;
    const page = await browser.open(server.url, {
      allowed: [/request: net::ERR_FAILED .*\/api\/plant/, /console: .*ERR_FAILED.*\/api\/plant/],
      prepare: (made) =>
        made.route('**/api/plant', (route) => {
          calls++;
          return isDown ? route.abort() : route.continue();
        }),
    });
    await page.getByRole('alert').getByText('could not be loaded').waitFor();
    // After its third call the page by itself waits three seconds or more.
    await expect.poll(() => calls, { timeout: 10_000 }).toBe(3);
    isDown = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await tank(page).waitFor({ timeout: 2_500 });
    expect(calls).toBe(4);
  });

  it('tells of a history that does not load in the chart’s place, and draws it at a tap on "Try again"', async () => {
    await send({ level: 2.3 });
    let isDown = true;
    const page = await browser.open(server.url, {
      at: LEVEL_PAGE,
      allowed: [/request: net::ERR_FAILED .*\/api\/history/, /console: .*ERR_FAILED.*\/api\/history/],
      prepare: (made) => made.route('**/api/history?*', (route) => (isDown ? route.abort() : route.continue())),
    });
    await page.getByText('The history could not be loaded.').waitFor();
    expect(await page.locator('canvas').count()).toBe(0);
    await page.locator('.series-head').getByText('2.30').waitFor();
    isDown = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    // By itself it would ask again 10 s later.
    await page.locator('.trend canvas').waitFor({ timeout: 5_000 });
    expect(await page.getByText('The history could not be loaded.').count()).toBe(0);
  });
});

describe('a page opened after the trouble', () => {
  const browser = useBrowser();
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
  });

  it('shows what is over and unseen until somebody acknowledges it, and says since when all is well', async () => {
    const [below, back] = [Date.now() - 100_000, Date.now() - 10_000];
    const frames = [
      { ts: below, values: { level: 0.5 } },
      { ts: back, values: { level: 1.5 } },
    ];
    const device = await mqtt.connectAsync(server.mqttUrl);
    await device.publishAsync(LEVEL, JSON.stringify(frames), { qos: 1 });
    await device.endAsync();
    const page = await browser.open(server.url);
    await page.getByText('over, not acknowledged').waitFor();
    // A slip of the finger is taken back; what is meant is sent a moment later.
    await page.getByRole('button', { name: /^Acknowledge/ }).click();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('button', { name: /^Acknowledge/ }).click();
    const time = new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Bishkek', timeStyle: 'short' }).format(back);
    await page.getByText(new RegExp(`^All is well · since (.*, )?${time}$`)).waitFor();
  });
});
