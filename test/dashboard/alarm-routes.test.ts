import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Dashboard, startDashboard } from '../../dashboard/dashboard.ts';
import { isOwnPage, loopbackIsAdmin } from '../../dashboard/who-is.ts';
import type { AlarmWire, ErrorWire } from '../../dashboard/wire.ts';
import type { JournalEntry } from '../../model/alarm.ts';
import type { SiteId } from '../../model/ids.ts';
import type { Role } from '../../model/person.ts';
import { raiseOfServer } from '../../model/server-condition.ts';
import type { Work } from '../../model/work.ts';
import { noAccounts } from '../harness/accounts.ts';
import { openDesk, type TestDesk } from '../harness/alarms.ts';
import { silentLog, tankLow } from '../harness/readings.ts';
import { villagePlant } from '../ingest/alarms/village-world.ts';

const HOUR = 3_600_000;
const NOW = 1.7e12;
const ID = `${tankLow.key}.${tankLow.at}`;

describe('alarms over HTTP', () => {
  let world: TestDesk;
  let dashboard: Dashboard;
  let url: string;
  let actor: string | null;
  let role: Role;

  beforeEach(async () => {
    const plant = villagePlant();
    actor = 'aida';
    role = 'engineer';
    world = openDesk({ plant, now: () => NOW });
    dashboard = await startDashboard(
      {
        host: '127.0.0.1',
        port: 0,
        plant,
        rules: [],
        whoIs: () => (actor === null ? null : { name: actor, role, via: 'session' }),
      },
      {
        live: { values: () => [], onChange: () => () => undefined },
        alarms: world.desk,
        history: () => Promise.reject(new Error('not asked')),
        health: () => ({ status: 'ok' }),
        people: noAccounts,
        simulator: null,
        log: silentLog,
        now: () => NOW,
      },
    );
    url = `http://127.0.0.1:${dashboard.port}/api/`;
  });
  afterEach(() => dashboard.stop());

  const get = async <T>(path: string): Promise<T> => (await (await fetch(url + path)).json()) as T;

  async function send(path: string, body?: unknown, { method = 'POST', headers = {} } = {}) {
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await fetch(url + path, { method, headers: { ...type, ...headers }, ...json });
    return { status: response.status, body: (await response.json()) as AlarmWire & Work & ErrorWire };
  }

  it.each([
    ['a site that the page has a name of', { site: 'upper', part: 'upper' }, 'Power outage of the utility'],
    ['a supply', { site: 'upper', part: 'ts-14' }, 'Power outage of the utility: ts-14'],
    ['a site of another server', { site: 'elsewhere', part: 'elsewhere' }, 'Power outage of the utility: elsewhere'],
  ])('names in the title of an outage what the page has no name of: %s', async (_, of, title) => {
    world.desk.apply(raiseOfServer('power-outage', NOW, of as { site: SiteId; part: string }));
    expect(await get<AlarmWire[]>('alarms')).toMatchObject([{ title: { en: title } }]);
  });

  it('lists what stands, with its mutes, its children and what to do', async () => {
    world.desk.apply(tankLow);
    expect(await get<AlarmWire[]>('alarms')).toMatchObject([
      {
        id: ID,
        state: 'unacknowledged',
        shelved: null,
        outOfService: null,
        suppressedBy: [],
        children: [],
        childCount: 0,
        unit: 'm',
      },
    ]);
    expect(await get<unknown[]>('rules')).toContainEqual(
      expect.objectContaining({
        rule: 'own-link',
        respondWithinMin: 240,
        action: expect.objectContaining({ ky: expect.any(String) }),
      }),
    );
    expect(await get<AlarmWire>(`alarms/${ID}`)).toMatchObject({ id: ID });
  });

  it('takes every act under the name of whoever is signed in, and keeps it in the journal', async () => {
    world.desk.apply({ ...tankLow, latches: true });
    expect(await send(`alarms/${ID}/acknowledge`, { note: 'on my way' })).toMatchObject({
      status: 200,
      body: { state: 'acknowledged' },
    });
    const shelf = { reason: 'cleaning', until: NOW + HOUR };
    expect(await send(`alarms/${ID}/shelve`, shelf)).toMatchObject({
      status: 200,
      body: { shelved: { by: 'aida', ...shelf } },
    });
    expect(await get<AlarmWire[]>('alarms?state=muted')).toHaveLength(1);
    expect((await send(`alarms/${ID}/unshelve`)).body).toMatchObject({ shelved: null, state: 'unacknowledged' });
    expect((await send(`alarms/${ID}/shelve`, { reason: 'x', oneShot: true })).body.shelved).toMatchObject({
      until: 'one-shot',
    });
    expect((await send(`alarms/${ID}/out-of-service`, { reason: 'new pump' })).body.outOfService).toMatchObject({
      by: 'aida',
    });
    expect((await send(`alarms/${ID}/in-service`)).body.outOfService).toBeNull();
    world.desk.apply({ kind: 'return', key: tankLow.key, at: 2000, isHistorical: false });
    expect((await send(`alarms/${ID}/reset`, {})).body).toMatchObject({ state: 'normal' });
    const journal = await get<JournalEntry[]>(`alarms/${ID}/journal`);
    expect(journal.map(({ kind, by }) => [kind, by])).toEqual([
      ['raise', null],
      ...['acknowledge', 'shelve', 'unshelve', 'shelve', 'out-of-service', 'in-service'].map((kind) => [kind, 'aida']),
      ['return', null],
      ['reset', 'aida'],
    ]);
  });

  it.each<[string, string, unknown, number, string]>([
    ['an unknown alarm', 'alarms/none/acknowledge', {}, 404, 'unknown-alarm'],
    ['an act that changes nothing', `alarms/${ID}/reset`, {}, 409, 'no-change'],
    ['a shelf without an end', `alarms/${ID}/shelve`, { reason: 'x' }, 400, 'bad-query'],
    ['a shelf without a reason', `alarms/${ID}/shelve`, { oneShot: true }, 400, 'bad-query'],
    ['a shelf in the past', `alarms/${ID}/shelve`, { reason: 'x', until: NOW }, 400, 'bad-query'],
    ['a shelf for months', `alarms/${ID}/shelve`, { reason: 'x', until: NOW + 8 * 24 * HOUR }, 400, 'bad-query'],
    ['an unknown key', `alarms/${ID}/acknowledge`, { nota: 'x' }, 400, 'bad-query'],
    ['something else than an object', `alarms/${ID}/acknowledge`, [1], 400, 'bad-query'],
    ['works nowhere', 'works', { to: NOW + HOUR, reason: 'x' }, 400, 'bad-query'],
    [
      'works at two places',
      'works',
      { site: 'upper', zone: 'zone-upper', to: NOW + HOUR, reason: 'x' },
      400,
      'bad-query',
    ],
    ['works at a place that is not', 'works', { asset: 'nowhere', to: NOW + HOUR, reason: 'x' }, 404, 'unknown-place'],
    [
      'works that end before they begin',
      'works',
      { site: 'upper', from: NOW, to: NOW - 1, reason: 'x' },
      400,
      'bad-query',
    ],
    [
      'an excuse of five hours',
      'excuses',
      { kind: 'flushing', zone: 'zone-upper', to: NOW + 5 * HOUR },
      400,
      'bad-query',
    ],
  ])('refuses %s', async (_, path, body, status, code) => {
    world.desk.apply(tankLow);
    expect(await send(path, body)).toMatchObject({ status, body: { error: { code } } });
  });

  it('lets nobody act that it does not know, and no page of elsewhere', async () => {
    world.desk.apply(tankLow);
    actor = null;
    expect(await send(`alarms/${ID}/acknowledge`)).toMatchObject({
      status: 401,
      body: { error: { code: 'not-signed-in' } },
    });
    actor = 'aida';
    const headers = { origin: 'http://elsewhere.example' };
    expect(await send(`alarms/${ID}/acknowledge`, {}, { headers })).toMatchObject({
      status: 403,
      body: { error: { code: 'foreign-origin' } },
    });
    expect(await get<AlarmWire[]>('alarms')).toMatchObject([{ state: 'unacknowledged' }]);
  });

  it.each<[Role, string, unknown, number]>([
    ['viewer', `alarms/${ID}/acknowledge`, {}, 403],
    ['technician', `alarms/${ID}/acknowledge`, {}, 200],
    ['technician', `alarms/${ID}/shelve`, { reason: 'x', oneShot: true }, 403],
    ['technician', 'excuses', { kind: 'flushing', site: 'upper' }, 200],
    ['technician', 'works', { site: 'upper', to: NOW + HOUR, reason: 'x' }, 403],
    ['operator', 'works', { site: 'upper', to: NOW + HOUR, reason: 'x' }, 200],
    ['operator', `alarms/${ID}/out-of-service`, { reason: 'x' }, 403],
    ['engineer', `alarms/${ID}/out-of-service`, { reason: 'x' }, 200],
  ])('answers a %s who posts %s %j with %i', async (as, path, body, status) => {
    world.desk.apply(tankLow);
    role = as;
    const answer = await send(path, body);
    expect(answer).toMatchObject(status === 200 ? { status } : { status, body: { error: { code: 'not-allowed' } } });
  });

  it('lets a technician take back an excuse, and no planned works', async () => {
    const works = await send('works', { site: 'upper', to: NOW + HOUR, reason: 'x' });
    const excuse = await send('excuses', { kind: 'flushing', site: 'upper' });
    role = 'technician';
    expect((await send(`works/${works.body.id}`, undefined, { method: 'DELETE' })).status).toBe(403);
    expect((await send(`works/${excuse.body.id}`, undefined, { method: 'DELETE' })).status).toBe(200);
  });

  it('books works and excuses, mutes what they explain, and tells it when they are called off', async () => {
    const flow = {
      ...tankLow,
      key: 'burst',
      site: 'upper' as never,
      device: 'upper-gw-1-level' as never,
      metric: 'flow_rate' as never,
      value: 30,
      limit: 20,
      settleS: 0,
    };
    const excuse = await send('excuses', { kind: 'tanker-filling', zone: 'zone-upper' });
    expect(excuse).toMatchObject({
      status: 200,
      body: { kind: 'tanker-filling', by: 'aida', from: NOW, to: NOW + 4 * HOUR },
    });
    world.desk.apply(flow);
    expect(await get<Work[]>('works')).toMatchObject([{ id: excuse.body.id, children: ['burst.1000'] }]);
    expect(world.told).toEqual([]);
    expect(await send(`works/${excuse.body.id}`, undefined, { method: 'DELETE' })).toMatchObject({
      body: { cancelled: { by: 'aida' } },
    });
    expect(world.told).toEqual(['released burst']);
    expect((await send(`works/${excuse.body.id}`, undefined, { method: 'DELETE' })).status).toBe(404);
    const works = await send('works', { site: 'upper', from: NOW + HOUR, to: NOW + 2 * HOUR, reason: 'power is off' });
    expect(works).toMatchObject({
      status: 200,
      body: { kind: 'work', reason: 'power is off', scope: { site: 'upper', zone: null } },
    });
  });

  it('measures the quality of the alarms', async () => {
    world.desk.applyAll(Array.from({ length: 12 }, (_, i) => ({ ...tankLow, key: `k${i}` })));
    expect(await get('alarm-quality')).toMatchObject({ to: NOW, announced: 0 });
    const later = { from: NOW, to: NOW + HOUR };
    expect(await get(`alarm-quality?from=${later.from}&to=${later.to}`)).toMatchObject({
      announced: 12,
      maxInTenMinutes: 12,
      priorityMix: { critical: 100 },
    });
  });
});

describe('who calls', () => {
  it.each<[string, string, Record<string, string>, boolean]>([
    ['at the server', '127.0.0.1', { host: 'localhost:8080' }, true],
    ['at the server, by IPv6', '::1', { host: '[::1]:8080' }, true],
    ['from another machine', '192.168.1.7', { host: 'localhost:8080' }, false],
    ['through a proxy on the server', '127.0.0.1', { host: 'localhost:8080', 'x-forwarded-for': '192.168.1.7' }, false],
    ['a page of elsewhere whose name points here', '127.0.0.1', { host: 'evil.example:8080' }, false],
  ])('%s', (_, ip, headers, isAdmin) => {
    expect(loopbackIsAdmin({ ip, headers }) !== null).toBe(isAdmin);
  });

  it.each<[Record<string, string>, boolean]>([
    [{ host: 'a:80' }, true],
    [{ host: 'a:8080', origin: 'http://a:8080' }, true],
    [{ host: 'a:8080', origin: 'http://b:8080' }, false],
    [{ host: 'a:8080', origin: 'null' }, false],
    [{ host: 'a:8080', 'sec-fetch-site': 'cross-site' }, false],
    [{ host: 'a:8080', 'sec-fetch-site': 'same-origin' }, true],
  ])('%j', (headers, isOwn) => {
    expect(isOwnPage(headers)).toBe(isOwn);
  });
});
