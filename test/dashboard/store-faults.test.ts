/** What history says when the store does not answer. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Dashboard, startDashboard } from '../../dashboard/dashboard.ts';
import { noAccounts } from '../harness/accounts.ts';
import { openDesk } from '../harness/alarms.ts';
import { silentLog } from '../harness/readings.ts';
import { villagePlant } from '../ingest/alarms/village-world.ts';

let dashboard: Dashboard;
let fault: Error;

beforeEach(async () => {
  const plant = villagePlant();
  dashboard = await startDashboard(
    { host: '127.0.0.1', port: 0, plant, rules: [], whoIs: () => null },
    {
      live: { values: () => [], onChange: () => () => undefined },
      alarms: openDesk({ plant, now: () => 1.7e12 }).desk,
      history: () => Promise.reject(fault),
      health: () => ({ status: 'ok' }),
      people: noAccounts,
      simulator: null,
      log: silentLog,
      now: () => 1.7e12,
    },
  );
});
afterEach(() => dashboard.stop());

async function ask() {
  const [device] = villagePlant().devices.values();
  const [metric] = device?.metrics.keys() ?? [];
  const query = `device=${device?.id}&metric=${metric}&from=0&to=1`;
  const response = await fetch(`http://127.0.0.1:${dashboard.port}/api/history?${query}`);
  return [response.status, await response.json()];
}

it('a thread that takes too long is a sentence of its own', async () => {
  const message = 'the thread that reads history has not answered within 20 s';
  fault = Object.assign(new Error(message), { name: 'StoreError', code: 'ERR_STORE_OVERDUE' });
  expect(await ask()).toEqual([
    504,
    { error: { code: 'store-late', message: `${message}; ask for less, or again later` } },
  ]);
});

it('a store that refuses is not', async () => {
  fault = Object.assign(new Error('disk I/O error'), { name: 'StoreError', code: 'ERR_SQLITE_ERROR' });
  expect(await ask()).toMatchObject([503, { error: { code: 'store-unreachable' } }]);
});
