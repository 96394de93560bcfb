/** What many ask for and seldom changes: `/api/plant`, `/api/rules`, `/api/live` (contract 3.2, 3.3, 3.12). */
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Dashboard, startDashboard } from '../../dashboard/dashboard.ts';
import type { PlantWire } from '../../dashboard/wire.ts';
import type { DeviceId, MetricName, SiteId } from '../../model/ids.ts';
import type { Device } from '../../model/plant.ts';
import type { LiveValue } from '../../model/reading.ts';
import { watchesOf } from '../../model/watches.ts';
import { noAccounts } from '../harness/accounts.ts';
import { openDesk } from '../harness/alarms.ts';
import { eventually } from '../harness/process.ts';
import { silentLog, smallPlant } from '../harness/readings.ts';

const DAY_MS = 86_400_000;
const circuit = {
  id: 'c1',
  site: 'toru' as SiteId,
  lamps: [],
  dim: [],
  on: 'sunset',
  off: 'sunrise',
  control: 'photo-relays' as const,
};

describe('answers that are kept', () => {
  let dashboard: Dashboard;
  let nowMs: number;
  let asked: number;
  let url: string;

  beforeEach(async () => {
    nowMs = 1.79e12;
    asked = 0;
    const plant = { ...smallPlant(), circuits: [circuit] };
    const value = {
      site: 'toru',
      device: 'tank-1-level',
      metric: 'level',
      value: 1,
      ts: 1,
      quality: 'good',
    } as LiveValue;
    dashboard = await startDashboard(
      { host: '127.0.0.1', port: 0, plant, rules: [] },
      {
        live: {
          values() {
            asked++;
            return Array.from({ length: 100 }, () => value);
          },
          onChange: () => () => undefined,
        },
        alarms: openDesk({ plant }).desk,
        people: noAccounts,
        history: () => Promise.reject(new Error('not asked')),
        health: () => ({ status: 'ok' }),
        simulator: null,
        log: silentLog,
        now: () => nowMs,
      },
    );
    url = `http://127.0.0.1:${dashboard.port}/api/`;
  });
  afterEach(() => dashboard.stop());

  it.each(['plant', 'rules'])('%s is not sent again to who has it', async (path) => {
    const first = await fetch(url + path);
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    const again = await fetch(url + path, { headers: { 'if-none-match': etag } });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
    const other = await fetch(url + path, { headers: { 'if-none-match': '"another"' } });
    expect(await other.json()).toEqual(await first.json());
  });

  it('are compressed for who takes that, and for nobody else', async () => {
    const plain = await fetch(`${url}rules`, { headers: { 'accept-encoding': 'identity' } });
    expect(plain.headers.get('content-encoding')).toBeNull();
    const refused = await fetch(`${url}rules`, { headers: { 'accept-encoding': 'gzip;q=0' } });
    expect(refused.headers.get('content-encoding')).toBeNull();
    const zipped = await fetch(`${url}rules`, { headers: { 'accept-encoding': 'br, gzip' } });
    expect(zipped.headers.get('content-encoding')).toBe('gzip');
    expect(await zipped.json()).toEqual(await plain.json());
  });

  it('tell of the lit period that holds now, also where the clock is put back', async () => {
    const lit = async () => ((await (await fetch(`${url}plant`)).json()) as PlantWire).circuits[0]?.lit;
    const first = await lit();
    expect(first?.offAt).toBeGreaterThan(nowMs);
    nowMs = (first?.offAt ?? 0) - 1;
    expect(await lit()).toEqual(first);
    nowMs++;
    const second = await lit();
    expect(second?.onAt).toBeGreaterThan(nowMs - DAY_MS);
    expect(second?.offAt).toBeGreaterThan(nowMs);
    expect(second).not.toEqual(first);
    nowMs -= 2 * DAY_MS;
    const before = await lit();
    expect(before?.offAt).toBeGreaterThan(nowMs);
    expect(before?.offAt).toBeLessThan(nowMs + 1.5 * DAY_MS);
  });

  it('are made once for many who ask for what is live at the same time', async () => {
    // In one piece, so that they come at the same time on a busy machine, too.
    const line = connect({ host: '127.0.0.1', port: dashboard.port });
    let text = '';
    line.on('data', (chunk) => {
      text += chunk;
    });
    line.write('GET /api/live HTTP/1.1\r\nHost: here\r\n\r\n'.repeat(10));
    await eventually(
      () => text.match(/200 OK/g)?.length,
      (count) => count === 10,
    );
    line.destroy();
    expect(asked).toBeLessThan(5);
  });
});

it('finds what watches 20,000 devices without looking through all of them for each', () => {
  let looks = 0;
  const metrics = new Map([['flow_rate', { name: 'flow_rate' }]]) as never;
  const device = (i: number) =>
    ({
      id: `meter-${i}` as DeviceId,
      site: 'toru',
      kind: 'flow_meter',
      everyS: 60,
      metrics,
      get asset() {
        looks++;
        return undefined;
      },
    }) as unknown as Device;
  const devices = new Map(Array.from({ length: 20_000 }, (_, i) => [device(i).id, device(i)]));
  const side = { metric: 'flow_rate' as MetricName, above: { value: 1 } };
  const rule = {
    id: 'r',
    on: {},
    detect: 'mismatch',
    priority: 'high',
    latches: false,
    settleS: 0,
    exceptions: [],
    expect: side,
    while: { ...side, metric: 'pump_running' },
  } as never;
  watchesOf([rule], { ...smallPlant(), devices });
  expect(looks).toBeLessThan(20 * 20_000);
});
