/** What a person does about alarms on the page: reads what to do, excuses a flow, mutes and brings back. */
import mqtt, { type MqttClient } from 'mqtt';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AlarmWire } from '../../dashboard/wire.ts';
import type { Work } from '../../model/work.ts';
import { startServer, type TestServer } from '../harness/server.ts';
import { writeAlarmPlant } from './alarm-plant.ts';
import { expectContrast } from './contrast.ts';
import { PHONE, useBrowser } from './page.ts';

const HOUR_MS = 3_600_000;
/** Scripts that run in the page. */
const SIDEWAYS = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
const SMALL_TARGETS = `[...document.querySelectorAll('.overview a, .overview button, .overview select, .overview input, .overview summary')]
  .filter((e) => e.checkVisibility())
  .map((e) => ({ name: e.textContent, box: e.getBoundingClientRect() }))
  .filter(({ box }) => box.height < 44 || box.width < 44)
  .map(({ name, box }) => name + ': ' + box.width + ' x ' + box.height)`;

describe('on the page of alarms', () => {
  const browser = useBrowser();
  let server: TestServer;
  let gateway: MqttClient;

  beforeAll(async () => {
    server = await startServer({ config: writeAlarmPlant() });
    gateway = await mqtt.connectAsync(server.mqttUrl);
  });
  afterEach(calm);
  afterAll(async () => {
    await gateway.endAsync();
    expect(await server.stop()).toBe(0);
  });

  const send = (device: string, values: object) =>
    gateway.publishAsync(`aimak/v1/village/${device}/telemetry`, JSON.stringify(values), { qos: 1 });
  const works = () => server.get<Work[]>('/api/works');
  const running = async () => (await works()).filter(({ cancelled }) => cancelled === null);
  const alarm = (page: Page, title: string) =>
    page.locator('.alarm', { has: page.getByRole('button', { name: new RegExp(`^${title}`) }) });
  const setAside = (page: Page) => page.getByRole('region', { name: 'Shelved and out of service' });

  /** As a test found it: all values good, nothing open, nothing set aside. */
  async function calm(): Promise<void> {
    await send('level', { level: 3 });
    await send('meter', { flow_rate: 5 });
    await send('circuit', { breaker_closed: true, active_power: 500 });
    const post = (path: string, method = 'POST') => fetch(`${server.url}/api/${path}`, { method });
    for (const { id } of await running()) await post(`works/${id}`, 'DELETE');
    const standing = async () => [
      ...(await server.get<AlarmWire[]>('/api/alarms')),
      ...(await server.get<AlarmWire[]>('/api/alarms?state=muted')),
    ];
    await expect
      .poll(async () => {
        for (const { id } of await standing()) {
          for (const act of ['in-service', 'unshelve', 'acknowledge']) await post(`alarms/${id}/${act}`);
        }
        return (await standing()).length;
      })
      .toBe(0);
  }

  it.each([
    ['en', 'critical', 'What to do', 'title', 'action', 'cause', 'consequence', /Respond within\s+30 min/],
    ['ru', 'критическая', 'Что делать', 'название', 'действие', 'причина', 'следствие', /реакцию\s+30 мин/],
    ['ky', 'өтө кооптуу', 'Эмне кылуу керек', 'аталышы', 'аракет', 'себеп', 'кесепет', /мөөнөтү\s+30 мүн/],
  ])(
    'in %s a critical alarm says at once what to do, how soon, why and what follows; a lesser one at a tap',
    async (language, priority, todo, title, action, cause, consequence, within) => {
      await send('level', { level: 0.5 });
      await send('meter', { flow_rate: 25 });
      const page = await browser.open(server.url, { at: `?lang=${language}`, ...PHONE });
      const low = alarm(page, `Low: ${title}`);
      await low.getByText(`Low: ${cause}`).waitFor();
      const said = await low.innerText();
      expect(said).toContain(`${priority} · Tank · `);
      expect(said).toMatch(new RegExp(`${todo}\\s+Low: ${action}`));
      expect(said).toContain(`Low: ${consequence}`);
      expect(said).toMatch(within);

      const flow = alarm(page, `Flow: ${title}`);
      expect(await flow.innerText()).not.toContain(`Flow: ${action}`);
      const line = flow.getByRole('button', { name: `Flow: ${title}` }).first();
      expect(await line.getAttribute('aria-expanded')).toBe('false');
      await line.click();
      await flow.getByText(`Flow: ${action}`).waitFor();
      await flow.getByText(`Flow: ${consequence}`).waitFor();
      expect(await line.getAttribute('aria-expanded')).toBe('true');
      expect(await page.evaluate(SIDEWAYS)).toBe(0);
      expect(await page.evaluate(SMALL_TARGETS)).toEqual([]);
    },
  );

  it('lists what an alarm explains under it, at a tap', async () => {
    const page = await browser.open(server.url);
    await send('circuit', { breaker_closed: false, active_power: 0 });
    const breaker = alarm(page, 'Breaker: title');
    await breaker.getByText('1 more because of it').last().click();
    await breaker.getByRole('listitem').getByText('Dark: title').waitFor();
    expect(await page.locator('.alarm').count()).toBe(1);
  });

  it('excuses a flow in two taps at its zone, says who, what and until when, and ends it early', async () => {
    const page = await browser.open(server.url, PHONE);
    const zone = page.locator('.zone', { hasText: 'Upper zone' });
    await zone.getByRole('button', { name: 'Flushing, hydrant, tanker' }).click();
    const before = Date.now();
    await zone.getByRole('button', { name: 'Tanker filling' }).click();
    await zone.getByText(/^until .*\d\d:\d\d · admin$/).waitFor();
    const [work] = await running();
    expect(work).toMatchObject({ kind: 'tanker-filling', by: 'admin', scope: { zone: 'upper' } });
    expect(Math.abs((work?.to ?? 0) - before - HOUR_MS)).toBeLessThan(90_000);

    await zone.getByRole('button', { name: 'End: Tanker filling, Upper zone' }).click();
    await zone.getByText(/^until/).waitFor({ state: 'detached' });
    expect(await running()).toEqual([]);
  });

  it('offers the same at an open alarm of a flow, for as long as was chosen, and tells again when it is ended', async () => {
    await send('meter', { flow_rate: 25 });
    const page = await browser.open(server.url);
    const flow = alarm(page, 'Flow: title');
    await flow.getByRole('button', { name: 'Flow: title' }).first().click();
    await flow.getByRole('button', { name: '4 h' }).click();
    const before = Date.now();
    await flow.getByRole('button', { name: 'Hydrant open' }).click();
    await flow.waitFor({ state: 'detached' });
    const list = page.getByRole('region', { name: 'Works and known flows' });
    await list.getByText('explains 1 alarm').click();
    await list.getByRole('listitem').getByText('Flow: title').waitFor();
    const [work] = await running();
    expect(work).toMatchObject({ kind: 'hydrant-open', scope: { zone: 'upper' } });
    expect(Math.abs((work?.to ?? 0) - before - 4 * HOUR_MS)).toBeLessThan(90_000);

    await list.getByRole('button', { name: 'End: Hydrant open' }).click();
    await flow.waitFor();
  });

  it('offers no excuse at an alarm that no flow explains', async () => {
    await send('level', { level: 0.5 });
    const page = await browser.open(server.url);
    await alarm(page, 'Low: title').getByRole('button', { name: 'Shelve' }).waitFor();
    expect(await alarm(page, 'Low: title').getByRole('button', { name: 'Flushing' }).count()).toBe(0);
  });

  it('shelves an alarm with a reason and until when, lists it also when it is over, and brings it back', async () => {
    await send('level', { level: 0.5 });
    const page = await browser.open(server.url);
    const low = alarm(page, 'Low: title');
    await low.getByRole('button', { name: 'Shelve…' }).click();
    await low.getByRole('button', { name: 'Cancel' }).click();
    // With the keyboard one goes on from where one was.
    await page.keyboard.press('Enter');
    await page.keyboard.type('the tank is being cleaned');
    await low.getByRole('combobox', { name: 'How long' }).selectOption('8 h');
    const before = Date.now();
    await low.getByRole('button', { name: 'Shelve: Low' }).click();
    await low.waitFor({ state: 'detached' });
    await setAside(page)
      .getByText(/^shelved · until .*\d\d:\d\d · admin · the tank is being cleaned$/)
      .waitFor();
    // The alarm moves with the next frame, the focus with the answer, which waits for the disk.
    await expect.poll(() => page.evaluate('document.activeElement.id')).toBe('set-aside');
    const [shelved] = await server.get<AlarmWire[]>('/api/alarms?state=muted');
    expect(Math.abs(Number(shelved?.shelved?.until) - before - 8 * HOUR_MS)).toBeLessThan(90_000);

    await send('level', { level: 3 });
    await expect.poll(async () => (await server.get<AlarmWire[]>('/api/alarms')).length).toBe(0);
    await page.reload();
    await setAside(page).getByText('Low: title').waitFor();
    // The next episode takes the place of the one that was shelved.
    await send('level', { level: 0.6 });
    await setAside(page)
      .getByText(/0\.60\sm/)
      .waitFor();
    expect(await setAside(page).getByRole('listitem').count()).toBe(1);

    await setAside(page).getByRole('button', { name: 'Bring back: Low' }).click();
    await low.waitFor();
    expect(await setAside(page).count()).toBe(0);
  });

  it('takes an alarm out of service with a reason, and back', async () => {
    await send('level', { level: 0.5 });
    const page = await browser.open(server.url);
    const low = alarm(page, 'Low: title');
    await low.getByRole('button', { name: 'Take out of service…' }).click();
    await low.getByRole('button', { name: 'Take out of service: Low' }).click();
    expect(await server.get<AlarmWire[]>('/api/alarms?state=muted')).toEqual([]);
    await low.getByLabel('Why').fill('the sensor is at the workshop');
    await page.keyboard.press('Enter');
    await setAside(page)
      .getByText(/^out of service · since .*\d\d:\d\d · admin · the sensor is at the workshop$/)
      .waitFor();
    await setAside(page).getByRole('button', { name: 'Bring back: Low' }).click();
    await low.waitFor();
  });

  it.each([
    [null, 'Not done: no answer of the server'],
    [401, 'Not done: sign in first'],
    [403, 'Not done: your role does not allow it'],
    [500, 'Not done. The server says: the disk is full'],
  ])('waits for the server, and says in words that nothing was done where its answer is %s', async (status, words) => {
    await send('level', { level: 0.5 });
    const answer = Promise.withResolvers<void>();
    const page = await browser.open(server.url, {
      allowed: [/out-of-service/],
      prepare: (made) =>
        made.route('**/out-of-service', async (route) => {
          await answer.promise;
          if (status === null) return route.abort();
          return route.fulfill({ status, json: { error: { code: 'x', message: 'the disk is full' } } });
        }),
    });
    const low = alarm(page, 'Low: title');
    await low.getByRole('button', { name: 'Take out of service…' }).click();
    await low.getByLabel('Why').fill('x');
    await low.getByRole('button', { name: 'Take out of service: Low' }).click();
    await low.getByRole('button', { name: 'Sending…: Low' }).waitFor();
    expect(await setAside(page).count()).toBe(0);
    answer.resolve();
    await low.getByRole('alert').getByText(words).waitFor();
    await low.getByRole('button', { name: 'Take out of service: Low' }).waitFor();
    expect(await setAside(page).count()).toBe(0);
  });

  it.each(['light', 'dark'] as const)('can be read in %s', async (colorScheme) => {
    await send('level', { level: 0.5 });
    await send('meter', { flow_rate: 25 });
    const page = await browser.open(server.url, { colorScheme, ...PHONE });
    await page.locator('.zone').getByRole('button', { name: 'Flushing, hydrant, tanker' }).click();
    await page.locator('.zone').getByRole('button', { name: 'Flushing', exact: false }).last().waitFor();
    await alarm(page, 'Low: title').getByText('Low: cause').waitFor();
    await expectContrast(page);
  });
});
