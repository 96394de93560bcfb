/** The simulator's panel: somebody starts a fault, sees it act, and ends it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SimDetailWire } from '../../dashboard/wire.ts';
import { eventually, startServer, type TestServer } from '../harness/server.ts';
import { expectContrast } from './contrast.ts';
import { DESK, PHONE, useBrowser } from './page.ts';

/** Scripts that run in the page. */
const SIDEWAYS = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
const SMALL_TARGETS = `[...document.querySelectorAll('.sim-toggle, .sim-panel button, .sim-panel select, .sim-panel input')]
  .map((e) => ({ name: e.textContent, box: e.getBoundingClientRect() }))
  .filter(({ box }) => box.height < 44 || box.width < 44)
  .map(({ name, box }) => name + ': ' + box.width + ' x ' + box.height)`;

describe('the simulator’s panel', () => {
  const browser = useBrowser();
  let server: TestServer;

  beforeAll(async () => {
    server = await startServer({ config: 'config/demo/aimak.yaml', args: ['--backfill-days', '0.05'] });
    await eventually(
      () => server.get<SimDetailWire>('/api/sim'),
      ({ phase }) => phase === 'live',
      60_000,
    );
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
  });

  it('is folded away until it is asked for, and starts, shows and ends a fault', async () => {
    const page = await browser.open(server.url);
    const toggle = page.getByRole('button', { name: 'Simulator' });
    await toggle.waitFor();
    expect(await page.locator('.sim-panel').count()).toBe(0);
    await toggle.click();
    const panel = page.getByRole('region', { name: 'Simulator' });
    await panel.getByText('No fault acts.').waitFor();

    await panel.getByRole('combobox', { name: 'Fault' }).selectOption('lamp-out');
    await panel.getByRole('combobox', { name: 'Where' }).selectOption('c2');
    await panel.getByLabel('how many').fill('3');
    await panel.getByRole('button', { name: 'Start' }).click();
    const row = panel.getByRole('listitem').filter({ hasText: 'Lamps out' });
    await row.waitFor();
    expect(await row.innerText()).toMatch(/Central street, west · c2 · how many 3 · from \d\d:\d\d, until/);
    const { faults } = await server.get<SimDetailWire>('/api/sim');
    expect(faults).toMatchObject([{ kind: 'lamp-out', target: 'c2', sizes: { count: 3 } }]);

    await row.getByRole('button', { name: 'End' }).click();
    await panel.getByText('No fault acts.').waitFor();
    await toggle.click();
    expect(await page.locator('.sim-panel').count()).toBe(0);
  });

  it('says what the village cannot have, and nothing acts', async () => {
    const page = await browser.open(server.url, { allowed: [/400/] });
    await page.getByRole('button', { name: 'Simulator' }).click();
    await page.getByRole('combobox', { name: 'Fault' }).selectOption('lamp-out');
    await page.getByLabel('how many').fill('99');
    await page.getByRole('button', { name: 'Start' }).click();
    expect(await page.getByRole('alert').innerText()).toMatch(/^Refused: .*14 lamps/);
    await page.getByText('No fault acts.').waitFor();
  });

  it('stops the village’s time and steps it', async () => {
    const page = await browser.open(server.url);
    await page.getByRole('button', { name: 'Simulator' }).click();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('paused').waitFor();
    await page.getByText(/behind the clock/).waitFor({ timeout: 15_000 });
    const before = (await server.get<SimDetailWire>('/api/sim')).villageMs;
    await page.getByRole('button', { name: '+1 min' }).click();
    await eventually(
      () => server.get<SimDetailWire>('/api/sim'),
      ({ villageMs }) => villageMs > before + 3000,
    );
    await page.getByRole('button', { name: 'Go on' }).click();
    await page.getByText('runs with the clock').waitFor({ timeout: 15_000 });
  }, 60_000);

  it.each([
    ['a phone of 360 x 740', PHONE],
    ['a desk of 1280 x 720', DESK],
  ])('fits %s in every language', async (_, device) => {
    for (const language of ['ky', 'ru', 'en']) {
      const page = await browser.open(server.url, { ...device, at: `?lang=${language}` });
      await page.locator('.sim-toggle').click();
      await page.locator('.sim-form').waitFor();
      expect(await page.evaluate(SIDEWAYS)).toBe(0);
      if ('isMobile' in device) expect(await page.evaluate(SMALL_TARGETS)).toEqual([]);
      await page.context().close();
    }
  });

  it.each(['light', 'dark'] as const)('can be read in %s', async (colorScheme) => {
    const page = await browser.open(server.url, { colorScheme });
    await page.getByRole('button', { name: 'Simulator' }).click();
    await page.locator('.sim-form').waitFor();
    await expectContrast(page);
  });
});
