import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Dashboard, startDashboard } from '../../dashboard/dashboard.ts';
import type { SessionWire } from '../../dashboard/wire.ts';
import { openPeople, type People } from '../../ingest/people/people.ts';
import { parsePerson, type Role } from '../../model/person.ts';
import { openDesk, type TestDesk } from '../harness/alarms.ts';
import { silentLog, tankLow } from '../harness/readings.ts';
import { temporaryFolder } from '../harness/server.ts';
import { villagePlant } from '../ingest/alarms/village-world.ts';

const PASSWORD = 'өтө жашыруун';
const ALARM = `/api/alarms/${tankLow.key}.${tankLow.at}/acknowledge`;

describe('sessions', () => {
  let people: People;
  let world: TestDesk;
  let dashboard: Dashboard;
  let url: string;

  beforeEach(async () => {
    people = openPeople(join(temporaryFolder(), 'people.db'), Date.now);
    const plant = villagePlant();
    world = openDesk({ plant });
    world.desk.apply(tankLow);
    dashboard = await startDashboard(
      { host: '127.0.0.1', port: 0, plant, rules: [] },
      {
        live: { values: () => [], onChange: () => () => undefined },
        alarms: world.desk,
        people,
        history: () => Promise.reject(new Error('not asked')),
        health: () => ({ status: 'ok' }),
        simulator: null,
        log: silentLog,
        now: () => 0,
      },
    );
    url = `http://127.0.0.1:${dashboard.port}`;
  });
  afterEach(async () => {
    await dashboard.stop();
    people.close();
  });

  async function add(name: string, role: Role): Promise<void> {
    const parsed = parsePerson({ name, role });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
    await people.put(parsed.value, PASSWORD);
  }

  async function call(method: string, path: string, { cookie = '', body = undefined as unknown } = {}) {
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await fetch(url + path, { method, headers: { cookie, ...type }, ...json });
    const [set = ''] = response.headers.getSetCookie();
    return { status: response.status, headers: response.headers, set, body: (await response.json()) as SessionWire };
  }
  const signIn = (user: string, password = PASSWORD) => call('POST', '/api/session', { body: { user, password } });
  const session = async (cookie = ''): Promise<SessionWire> => (await call('GET', '/api/session', { cookie })).body;
  const cookieOf = (set: string): string => set.split(';')[0] ?? '';

  it('make whoever sits at the server admin while there is nobody else', async () => {
    expect(await session()).toMatchObject({ user: 'admin', role: 'admin', via: 'loopback' });
    expect((await call('POST', ALARM)).status).toBe(200);
    expect(world.desk.entriesOf(`${tankLow.key}.${tankLow.at}`).at(-1)?.by).toBe('admin');
  });

  it('let everybody look, and nobody act, once there is a user', async () => {
    await add('aida', 'operator');
    expect(await session()).toEqual({ user: null, role: 'viewer', may: [], via: null });
    expect((await call('GET', '/api/alarms')).status).toBe(200);
    expect(await call('POST', ALARM)).toMatchObject({ status: 401, body: { error: { code: 'not-signed-in' } } });
  });

  it('begin with the password and end on signing out', async () => {
    await add('aida', 'operator');
    const begun = await signIn('aida');
    expect(begun).toMatchObject({ status: 200, body: { user: 'aida', role: 'operator', via: 'session' } });
    expect(begun.set).toMatch(/^aimak-session=[\w-]{43}; HttpOnly; SameSite=Strict; Path=\/; Max-Age=2592000$/);
    const cookie = `theme=dark; ${cookieOf(begun.set)}`;
    expect(await session(cookie)).toMatchObject({ user: 'aida', via: 'session' });
    expect((await call('POST', ALARM, { cookie })).status).toBe(200);
    expect(world.desk.entriesOf(`${tankLow.key}.${tankLow.at}`).at(-1)?.by).toBe('aida');

    const ended = await call('DELETE', '/api/session', { cookie });
    expect(ended.body).toEqual({ user: null, role: 'viewer', may: [], via: null });
    expect(ended.set).toContain('Max-Age=0');
    expect(await session(cookie)).toMatchObject({ user: null });
  });

  it('are moved on in the browser, too, by each look', async () => {
    await add('aida', 'operator');
    const { set } = await signIn('aida');
    expect((await call('GET', '/api/session', { cookie: cookieOf(set) })).set).toBe(set);
  });

  it.each([
    ['viewer', []],
    ['technician', ['acknowledge', 'excuse']],
    ['operator', ['acknowledge', 'excuse', 'shelve', 'plan-works', 'reset']],
  ] as const)('say what a %s may do, for the page to offer it', async (role, may) => {
    await add('bek', role);
    const begun = await signIn('bek');
    expect(begun.body.may).toEqual(may);
    expect((await session(cookieOf(begun.set))).may).toEqual(may);
  });

  it('give a viewer no right to act', async () => {
    await add('bek', 'viewer');
    const { set } = await signIn('bek');
    expect(await call('POST', ALARM, { cookie: cookieOf(set) })).toMatchObject({
      status: 403,
      body: { error: { code: 'not-allowed' } },
    });
  });

  it('answer a wrong name as a wrong password, and too many tries with how long to wait', async () => {
    await add('aida', 'operator');
    const wrong = { status: 401, body: { error: { code: 'wrong-password' } } };
    expect(await signIn('nobody', 'x')).toMatchObject(wrong);
    const tries = await Promise.all(Array.from({ length: 12 }, (_, i) => signIn('aida', `guess ${i}`)));
    expect(tries.filter(({ status }) => status === 401).length).toBeGreaterThanOrEqual(5);
    const refused = tries.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(5);
    expect(refused[0]).toMatchObject({ body: { error: { code: 'too-many-attempts' } } });
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(1);
  });

  it('stay open to a device they began on before, while somebody guesses behind the same address', async () => {
    await add('aida', 'operator');
    const begun = await signIn('aida');
    const [, device = ''] = begun.headers.getSetCookie();
    expect(device).toMatch(/^aimak-device-aida=[\w-]+\.[\w-]+; HttpOnly; SameSite=Strict; Path=\/; Max-Age=34560000$/);
    await Promise.all(Array.from({ length: 12 }, (_, i) => signIn('aida', `guess ${i}`)));
    const body = { user: 'aida', password: PASSWORD };
    expect((await call('POST', '/api/session', { body, cookie: cookieOf(device) })).status).toBe(200);
  });

  it('take no password of another shape, no cookie that is made up, and no page of elsewhere', async () => {
    await add('aida', 'operator');
    expect((await call('POST', '/api/session', { body: { user: 'aida' } })).status).toBe(400);
    expect((await call('POST', '/api/session', { body: { user: ['aida'], password: {} } })).status).toBe(400);
    expect(await session('aimak-session=AAAA')).toMatchObject({ user: null });
    const headers = { origin: 'http://elsewhere.example', 'content-type': 'application/json' };
    const body = JSON.stringify({ user: 'aida', password: PASSWORD });
    expect((await fetch(`${url}/api/session`, { method: 'POST', headers, body })).status).toBe(403);
  });

  it('take nobody for loopback who comes through a proxy or by another name', async () => {
    for (const headers of [
      { 'x-forwarded-for': '10.0.0.7' },
      { forwarded: 'for=10.0.0.7' },
      { host: 'village.example' },
    ]) {
      expect(await askWith(headers)).toMatchObject({ user: null, via: null });
    }
  });

  /** As no browser would: with a `Host` of its own. */
  function askWith(headers: Record<string, string>): Promise<SessionWire> {
    return new Promise((resolve, reject) => {
      const asking = request(`${url}/api/session`, { headers }, async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk);
        resolve(JSON.parse(Buffer.concat(chunks).toString()));
      });
      asking.on('error', reject).end();
    });
  }
});
