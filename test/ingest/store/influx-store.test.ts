/** InfluxDB behind its outbox, against a real server. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type InfluxStoreOptions, openInfluxStore } from '../../../ingest/store/influx-store.ts';
import type { ReadingStore } from '../../../ingest/store/reading-store.ts';
import { eventually } from '../../harness/process.ts';
import { reading, silentLog } from '../../harness/readings.ts';
import { temporaryFolder } from '../../harness/server.ts';
import { hasInfluxd, type Influxd, NO_INFLUXD, startInfluxd } from './influxd.ts';
import { describeStore } from './store-contract.ts';

const children: ChildProcess[] = [];
const own = (child: ChildProcess): void => void children.push(child);
let influxd: Influxd;
let databases = 0;

beforeAll(async () => {
  if (hasInfluxd) influxd = await startInfluxd({ folder: temporaryFolder(), own });
});
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

const newOptions = (): InfluxStoreOptions => ({
  url: influxd.url,
  api: 'v1',
  bucket: `db-${databases++}`,
  file: join(temporaryFolder(), 'outbox.db'),
  outboxBytes: 1e8,
  placeOf: () => ({ site: 'toru', kind: 'reservoir_level' }),
});

async function open(options: InfluxStoreOptions): Promise<ReadingStore> {
  const store = await openInfluxStore(options, { log: silentLog });
  onTestFinished(() => store.stop());
  return store;
}

const whenDrained = (store: ReadingStore) => eventually(store.health, ({ pending }) => pending === 0);

if (hasInfluxd) {
  describeStore('InfluxDB', async () => {
    const options = newOptions();
    return {
      open: () => openInfluxStore(options, { log: silentLog }),
      remove: async () => void (await influxd.query(`DROP DATABASE "${options.bucket}"`)),
    };
  });
} else {
  describe('InfluxDB as a reading store', () => {
    it('passes the contract test of all stores', ({ skip }) => skip(NO_INFLUXD));
  });
}

describe('InfluxDB 1.x itself', () => {
  beforeEach(({ skip }) => skip(!hasInfluxd, NO_INFLUXD));

  it('refuses a field of another type: that reading becomes a dead letter, the others are written', async () => {
    const options = newOptions();
    await influxd.query(`CREATE DATABASE "${options.bucket}"`);
    const foreign = { method: 'POST', body: 'reservoir_level pressure=1i 1000000' };
    await fetch(`${influxd.url}/write?db=${options.bucket}`, foreign);
    const store = await open(options);
    await store.append([reading('a', 'level', 1, 2), reading('b', 'pressure', 1, 3), reading('c', 'level', 1, 4)]);
    await whenDrained(store);
    expect(store.health()).toMatchObject({ reachable: true, deadLetters: 1 });
    const { results } = await influxd.query('SELECT device, level, pressure FROM reservoir_level', options.bucket);
    expect(results[0]?.series?.[0]?.values).toEqual([
      [1, null, null, 1],
      [1, 'a', 2, null],
      [1, 'c', 4, null],
    ]);
  });

  it('is known again after a restart: newest values of every quality, and repeats of them', async () => {
    const options = newOptions();
    const first = await open(options);
    await first.append([
      reading('a', 'level', 1, 2),
      { ...reading('a', 'level', 2, 3), quality: 'uncertain' },
      reading('b', 'level', 5, 1),
      reading('b', 'level', 6, null),
      reading('b', 'pump_running', 7, 1),
    ]);
    await whenDrained(first);
    await first.stop();
    const store = await open(options);
    expect((await store.newest()).map((r) => [r.device, r.metric, r.ts, r.value, r.quality]).sort()).toEqual([
      ['a', 'level', 2, 3, 'uncertain'],
      ['b', 'level', 6, null, 'bad'],
      ['b', 'pump_running', 7, 1, 'good'],
    ]);
    expect(await store.append([reading('b', 'pump_running', 7, 1), reading('a', 'level', 2, 4)])).toEqual([
      'duplicate',
      'conflict',
    ]);
  });

  it('with users: says who is not let in, and what is not allowed, and goes on when it is', async () => {
    const guarded = await startInfluxd({ folder: temporaryFolder(), own, auth: true });
    const admin = async (statement: string): Promise<void> => {
      const search = new URLSearchParams({ q: statement, u: 'root', p: 'r00t' });
      expect((await fetch(`${guarded.url}/query?${search}`, { method: 'POST' })).status).toBe(200);
    };
    await admin("CREATE USER root WITH PASSWORD 'r00t' WITH ALL PRIVILEGES");
    await admin("CREATE USER ingest WITH PASSWORD 'right'");
    const options = { ...newOptions(), url: guarded.url, bucket: 'town', user: 'ingest' };
    const wrong = await open({ ...options, password: 'wrong' });
    expect(wrong.health().reason).toMatch(/does not accept the credentials \(401: authorization failed\)/);
    await wrong.append([reading('a', 'level', 1, 2)]);
    await wrong.stop();

    const store = await open({ ...options, password: 'right' });
    expect(store.health()).toMatchObject({ reachable: false, pending: 1, deadLetters: 0 });
    expect(store.health().reason).toMatch(/does not allow this on database "town" \(403/);
    await admin('CREATE DATABASE town');
    await admin('GRANT ALL ON town TO ingest');
    await whenDrained(store);
    expect(await store.append([reading('a', 'level', 1, 2)])).toEqual(['duplicate']);
    const query = { device: 'a', metric: 'level', from: 0, to: 9, points: 9, aggregate: 'raw' } as const;
    expect((await store.history(query)).points).toEqual([[1, 2]]);
  });
});
