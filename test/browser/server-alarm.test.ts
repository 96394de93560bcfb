/** An alarm of the server itself on the page, beside one of a device. */
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../harness/server.ts';
import { pathWithTimedatectl } from '../harness/time-daemon.ts';
import { expectContrast } from './contrast.ts';
import { PHONE, useBrowser } from './page.ts';

describe('the page of a server whose clock is not synchronised', () => {
  const browser = useBrowser();
  let server: TestServer;

  beforeAll(async () => {
    server = await startServer({ env: { PATH: pathWithTimedatectl('no') } });
    const device = await mqtt.connectAsync(server.mqttUrl);
    await device.publishAsync('aimak/v1/my-village/tank-1-level/telemetry', '{"level": 0.5}', { qos: 1 });
    await device.endAsync();
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
  });

  it.each([
    ['en', 'The server’s clock cannot be trusted', 'medium · Server', 'Set the server’s date and time'],
    ['ru', 'Часам сервера нельзя верить', 'средняя · Сервер', 'Установите дату и время сервера'],
    ['ky', 'Сервердин саатына ишенүүгө болбойт', 'орто · Сервер', 'Сервердин күнүн жана убактысын коюңуз'],
  ])('says so in %s above a more urgent alarm of a device, and what to do', async (language, title, where, advice) => {
    const page = await browser.open(server.url, { at: `?lang=${language}`, ...PHONE });
    const alarms = page.locator('.alarms li');
    await alarms.nth(1).waitFor();
    const [first = '', second = ''] = await alarms.allInnerTexts();
    expect(first).toMatch(new RegExp(`^3\\s*${title}\\s*${where} · .*\\d\\d:\\d\\d`));
    expect(first).toContain(advice);
    expect(second).toMatch(/^1/);
    expect(await alarms.nth(0).getByRole('link').count()).toBe(0);
    await expectContrast(page);
  });
});
