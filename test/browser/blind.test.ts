/** The honest connection: what the page says while the server is silent. */
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../harness/server.ts';
import { useBrowser } from './page.ts';

const LEVEL = 'aimak/v1/my-village/tank-1-level/telemetry';
const FILTER = 'getComputedStyle(document.querySelector("main")).filter';

describe('a page whose server falls silent', () => {
  const browser = useBrowser();
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  // Killed: one that a failure left frozen hears nothing else.
  afterAll(() => server.kill());

  it('says within 20 s that it is blind and loses its colours, and is live and current when the server is back', async () => {
    const device = await mqtt.connectAsync(server.mqttUrl);
    await device.publishAsync(LEVEL, '{"level": 0.4}', { qos: 1 });
    const page = await browser.open(server.url, {
      allowed: [
        // What is still sent into the connection that the page has given up.
        /console: WebSocket is already in CLOSING or CLOSED state/,
        // A call that the frozen server never answered, given up after its time.
        /request: net::ERR_ABORTED .*\/api\//,
      ],
    });
    const link = page.getByRole('status');
    await page.locator('.tank').getByText('0.40').waitFor();
    await link.getByText('live', { exact: true }).waitFor();
    expect(await page.evaluate(FILTER)).toBe('none');
    const seen = page.locator('.alarm .act').first();
    expect(await seen.innerText()).toBe('Acknowledge');

    server.process.kill('SIGSTOP');
    const unseen = device.publishAsync(LEVEL, '{"level": 1.7}', { qos: 1 });
    await link.getByText('no link').waitFor({ timeout: 20_000 });
    await page.getByText(/^No link to the server since \d\d:\d\d\. Shown is what was known then\.$/).waitFor();
    expect(await page.evaluate(FILTER)).toContain('grayscale(1)');
    expect(await page.locator('.tank').innerText()).toContain('0.40');
    expect(await seen.innerText()).toBe('No link');
    await seen.click({ force: true });
    expect(await page.getByRole('button', { name: /^Undo/ }).count()).toBe(0);
    expect(await page.getByText('All is well').count()).toBe(0);

    server.process.kill('SIGCONT');
    await link.getByText('live', { exact: true }).waitFor({ timeout: 20_000 });
    await unseen;
    await page.locator('.tank').getByText('1.70').waitFor();
    expect(await page.getByText('No link to the server').count()).toBe(0);
    expect(await seen.innerText()).toBe('Acknowledge');
    expect(await page.evaluate(FILTER)).toBe('none');
    await device.endAsync();
  }, 60_000);
});
