/** What a newcomer sees of the demo village: its past arriving, then its present. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SimWire } from '../../dashboard/wire.ts';
import { eventually, startServer, type TestServer } from '../harness/server.ts';
import { expectContrast } from './contrast.ts';
import { DESK, PHONE, useBrowser } from './page.ts';

const LANGUAGES = ['ky', 'ru', 'en'] as const;

/** Scripts that run in the page. */
const SIDEWAYS = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
const SMALL_TARGETS = `[...document.querySelectorAll('a, button, select')]
  .filter((e) => e.checkVisibility())
  .map((e) => ({ name: e.textContent, box: e.getBoundingClientRect() }))
  .filter(({ box }) => box.height < 44 || box.width < 44)
  .map(({ name, box }) => name + ': ' + box.width + ' x ' + box.height)`;
/** Of 14 equal parts of the third chart's width, how many its line runs across. An inflow has no limits to be mistaken for it. */
const DRAWN_PARTS = `(() => {
  const trend = document.querySelectorAll('.trend')[2];
  const canvas = trend.querySelector('canvas');
  if (!canvas) return 0;
  const pen = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d');
  pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--chart-line');
  pen.fillRect(0, 0, 1, 1);
  const line = pen.getImageData(0, 0, 1, 1).data;
  const [whole, plot] = [canvas, trend.querySelector('.u-over')].map((e) => e.getBoundingClientRect());
  const [left, top] = [plot.left - whole.left, plot.top - whole.top].map(Math.round);
  const { data, width, height } = canvas.getContext('2d').getImageData(left, top, Math.floor(plot.width), Math.floor(plot.height));
  const isLine = (i) => data[i + 3] > 200 && [0, 1, 2].every((c) => Math.abs(data[i + c] - line[c]) < 24);
  const isDrawn = (x) => Array.from({ length: height }, (_, y) => (y * width + x) * 4).some(isLine);
  const columns = Array.from({ length: width }, (_, x) => isDrawn(x));
  const parts = Array.from({ length: 14 }, (_, i) => columns.slice((i * width) / 14, ((i + 1) * width) / 14));
  return parts.filter((part) => part.filter(Boolean).length > part.length * 0.8).length;
})()`;

describe('the page of the demo village', () => {
  const browser = useBrowser();
  let server: TestServer;

  beforeAll(async () => {
    server = await startServer({ config: 'config/demo/aimak.yaml' });
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
  });

  const isLive = () =>
    eventually(
      () => server.get<SimWire>('/api/sim'),
      ({ phase }) => phase === 'live',
      60_000,
    );
  const hasValues = (page: Page) => page.locator('.tank .figure-big.figure-fresh').nth(1).waitFor();

  it('says from the start that it is a training mode and how far its past has come, and then shows the village', async () => {
    const page = await browser.open(server.url);
    await page.getByText('Training mode: the data are not real').waitFor();
    const filled = page.getByRole('progressbar', { name: 'History is being filled' });
    await filled.waitFor();
    await page.getByText(/\d+ of 14 days/).waitFor();
    const percent = async () => Number(await filled.getAttribute('value'));
    const first = await percent();
    await expect.poll(percent).toBeGreaterThan(first);
    expect(await page.getByText('All is well').count()).toBe(0);

    await filled.waitFor({ state: 'detached', timeout: 60_000 });
    await page.getByText('Training mode: the data are not real').waitFor();
    await page.getByText('All is well').waitFor({ timeout: 15_000 });
    for (const name of ['Upper tank', 'Lower tank']) {
      const tank = page.locator('.tank', { has: page.getByRole('heading', { name }) });
      expect(await tank.innerText()).toMatch(/\d\.\d\d\s*m\s+\d+\sm³/);
    }
    for (const name of ['Upper zone', 'Lower zone']) {
      expect(await page.locator('.row-zone', { hasText: name }).innerText()).toMatch(/\d\.\d\s*m³\/h/);
    }
    expect(await page.locator('.row', { hasText: 'Borehole 1' }).innerText()).toMatch(/running|stopped/);
    const circuits = await page.locator('.circuit').allInnerTexts();
    expect(circuits.length).toBe(12);
    for (const circuit of circuits) expect(circuit).toMatch(/(on|off)[\s\S]*\d\s*k?W/);
    expect(await page.locator('.figure-unknown, .figure-none, .figure-stale').count()).toBe(0);
  }, 90_000);

  it('draws its levels and inflows over all of 14 days', async () => {
    await isLive();
    const page = await browser.open(server.url);
    await page.getByRole('button', { name: '14 days' }).click();
    await page.locator('.trend').nth(2).getByRole('heading', { name: 'Upper zone' }).waitFor();
    await expect.poll(() => page.evaluate<number>(DRAWN_PARTS), { timeout: 5_000 }).toBe(14);
    await expect.poll(() => page.locator('.trend canvas').count()).toBe(4);
  });

  it.each([
    ['a phone of 360 x 740', PHONE],
    ['a desk of 1280 x 720', DESK],
  ])('fits the width of %s in every language, and remembers the one chosen', async (_, device) => {
    await isLive();
    const page = await browser.open(server.url, device);
    await hasValues(page);
    for (const language of LANGUAGES.toReversed()) {
      await page.getByRole('combobox').selectOption(language);
      await expect.poll(() => page.locator('html').getAttribute('lang')).toBe(language);
      expect(await page.evaluate(SIDEWAYS)).toBe(0);
    }
    await page.reload();
    await page.getByText('Баары жайында').waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('ky');
    expect(await page.getByRole('combobox').inputValue()).toBe('ky');
    await hasValues(page);
    expect(await page.evaluate(SIDEWAYS)).toBe(0);
  });

  it('gives a thumb at least 44 px on a phone, in every language', async () => {
    await isLive();
    const page = await browser.open(server.url, PHONE);
    await hasValues(page);
    for (const language of LANGUAGES) {
      await page.getByRole('combobox').selectOption(language);
      await expect.poll(() => page.locator('html').getAttribute('lang')).toBe(language);
      expect(await page.evaluate(SMALL_TARGETS)).toEqual([]);
    }
  });

  it.each(['light', 'dark'] as const)('can be read in %s: 7:1 for values, 4.5:1 for all else', async (colorScheme) => {
    await isLive();
    const page = await browser.open(server.url, { colorScheme });
    await hasValues(page);
    await expect.poll(() => page.locator('html').getAttribute('data-theme')).toBe(colorScheme);
    await expectContrast(page);
  });

  it('stays in the theme that was chosen', async () => {
    const page = await browser.open(server.url, { colorScheme: 'light' });
    await page.getByRole('button', { name: 'Dark theme' }).click();
    await page.reload();
    await page.getByRole('button', { name: 'Light theme' }).waitFor();
    expect(await page.locator('html').getAttribute('data-theme')).toBe('dark');
  });
});
