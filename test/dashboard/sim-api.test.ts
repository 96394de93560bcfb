/** The simulator over HTTP, with a village that remembers what it was asked. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Dashboard, startDashboard } from '../../dashboard/dashboard.ts';
import type { Simulator } from '../../dashboard/ports.ts';
import type { SimDetailWire } from '../../dashboard/wire.ts';
import type { SimFault } from '../../model/sim-fault.ts';
import { FAULT_KINDS } from '../../model/sim-fault-catalogue.ts';
import { noAccounts } from '../harness/accounts.ts';
import { openDesk } from '../harness/alarms.ts';
import { smallPlant } from '../harness/readings.ts';

const NOW_MS = Date.parse('2026-11-23T12:00:00Z');
const HOUR_MS = 3_600_000;

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & {
    error?: { code: string; message: string; details?: { parameter: string }[] };
  };
}

describe('the simulator over HTTP (contract 3.6)', () => {
  let dashboard: Dashboard;
  let village: ReturnType<typeof fakeVillage>;

  beforeEach(async () => {
    village = fakeVillage();
    dashboard = await start(village.simulator);
  });
  afterEach(() => dashboard.stop());

  const url = (path: string) => `http://127.0.0.1:${dashboard.port}${path}`;
  async function call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await fetch(url(path), {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  }
  const post = (body: unknown, headers?: Record<string, string>) => call('POST', '/api/sim/faults', body, headers);

  it('says where it stands, which kinds there are and whom they may befall, by name', async () => {
    const answer = (await (await fetch(url('/api/sim'))).json()) as SimDetailWire;
    expect(answer).toMatchObject({ site: 'toru', phase: 'live', speed: 'max', isPaused: false, villageMs: NOW_MS });
    const others = [...FAULT_KINDS.values()].filter(({ domain }) => domain !== 'modbus');
    expect(answer.kinds.map(({ kind }) => kind)).toEqual(others.map(({ kind }) => kind));
    expect(answer.targets.device).toContainEqual({ id: 'tank-1-level', name: { en: 'tank-1-level' } });
  });

  it('says that it has failed, and why', async () => {
    village.fail('the system is ill-conditioned');
    const { body } = await call('GET', '/api/sim');
    expect(body).toMatchObject({ phase: 'failed', failure: 'the system is ill-conditioned' });
  });

  it('starts a fault now, for a while', async () => {
    const { status, body } = await post({ kind: 'burst', target: 'up04', flowM3h: 12, forS: 3600 });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: 'fault-1',
      kind: 'burst',
      target: 'up04',
      metric: null,
      sizes: { flowM3h: 12 },
      fromMs: NOW_MS,
      toMs: NOW_MS + HOUR_MS,
    });
    expect((await post({ kind: 'silent', target: 'pump-1' })).body).toMatchObject({ id: 'fault-2', toMs: null });
  });

  it('takes times as epoch milliseconds and as ISO-8601 with their zone', async () => {
    const { body } = await post({
      kind: 'silent',
      target: 'pump-1',
      from: NOW_MS + HOUR_MS,
      until: '2026-11-23T20:00:00+06:00',
    });
    expect(body).toMatchObject({ fromMs: NOW_MS + HOUR_MS, toMs: NOW_MS + 2 * HOUR_MS });
  });

  it.each([
    [{ kind: 'burst', target: 'up04' }, 'bad-fault', ['flowM3h']],
    [{ kind: 'drift', target: 'pump-1', colour: 1, until: 5 }, 'bad-fault', ['metric', 'perDay', 'colour', 'until']],
    [{ kind: 'silent', target: 'pump-1', forS: 60, until: NOW_MS + 1 }, 'bad-fault', ['until']],
    [{ kind: 'nonsense', target: 'pump-1' }, 'bad-fault', ['kind']],
    [{ target: '', from: 'soon', forS: -1 }, 'bad-body', ['kind', 'target', 'from', 'forS']],
    [[], 'bad-body', ['']],
    [{ kind: 'silent', target: 'pump-1', from: 1e308, until: NOW_MS + 1 }, 'bad-fault', ['from', 'until']],
    [{ kind: 'silent', target: 'pump-1', forS: 1e300 }, 'bad-fault', ['until']],
    [{ kind: 'silent', target: 'pump-1', from: NOW_MS + 0.5 }, 'bad-fault', ['from']],
    [{ kind: 'silent', target: 'nowhere' }, 'bad-fault', ['target']],
  ])('refuses %j with every detail', async (request, code, parameters) => {
    const { status, body } = await post(request);
    expect(status).toBe(400);
    expect(body.error?.code).toBe(code);
    expect(body.error?.details?.map(({ parameter }) => parameter)).toEqual(parameters);
    expect(village.simulator.faults()).toEqual([]);
  });

  it('says that a fault could not be saved', async () => {
    const answer = await post({ kind: 'silent', target: 'tank-1-level' });
    expect(answer).toMatchObject({ status: 503, body: { error: { code: 'not-saved' } } });
  });

  it('ends a fault, once, and knows no other', async () => {
    await post({ kind: 'silent', target: 'pump-1' });
    expect(await call('DELETE', '/api/sim/faults/fault-1')).toMatchObject({ status: 200, body: { toMs: NOW_MS } });
    expect(await call('DELETE', '/api/sim/faults/fault-1')).toMatchObject({ status: 200, body: { toMs: NOW_MS } });
    expect(await call('DELETE', '/api/sim/faults/fault-9')).toMatchObject({
      status: 404,
      body: { error: { code: 'unknown-fault' } },
    });
    expect((await post({ kind: 'silent', target: 'pump-1' })).body).toMatchObject({ id: 'fault-2' });
  });

  it('changes its pace and steps it while it is paused', async () => {
    const pace = (body: unknown) => call('POST', '/api/sim/pace', body);
    expect(await pace({ stepS: 60 })).toMatchObject({ status: 409, body: { error: { code: 'not-paused' } } });
    expect(await pace({ stepS: 60, speed: 10 })).toMatchObject({ status: 409 });
    expect(await pace({})).toMatchObject({ body: { speed: 'max' } });
    expect(await pace({ isPaused: true, speed: 10 })).toMatchObject({
      status: 200,
      body: { isPaused: true, speed: 10 },
    });
    expect(await pace({ stepS: 60 })).toMatchObject({ status: 200 });
    expect(village.steps).toEqual([60_000]);
    expect(await pace({ isPaused: false, speed: 'max' })).toMatchObject({ body: { isPaused: false, speed: 'max' } });
    for (const bad of [{ speed: 0 }, { speed: 'fast' }, { stepS: 1e9 }, { isPaused: 1 }, { faster: true }]) {
      expect(await pace(bad), JSON.stringify(bad)).toMatchObject({
        status: 400,
        body: { error: { code: 'bad-body' } },
      });
    }
  });

  it('lets no page of another origin change anything, and no form of one', async () => {
    const request = { kind: 'silent', target: 'pump-1' };
    const foreign = { origin: 'http://elsewhere.example' };
    expect(await post(request, foreign)).toMatchObject({ status: 403, body: { error: { code: 'foreign-origin' } } });
    expect(await call('POST', '/api/sim/pace', { isPaused: true }, foreign)).toMatchObject({ status: 403 });
    expect(await call('DELETE', '/api/sim/faults/fault-1', undefined, foreign)).toMatchObject({ status: 403 });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
      const headers = { 'content-type': type };
      const response = await fetch(url('/api/sim/faults'), { method: 'POST', headers, body: JSON.stringify(request) });
      expect(response.status, type).toBe(415);
    }
    expect(village.simulator.faults()).toEqual([]);
    expect(await post(request, { origin: url('') })).toMatchObject({ status: 201 });
  });

  it('takes no more than a thousand faults', async () => {
    for (let i = 0; i < 1000; i++) await village.simulator.put(silence(`scenario-${i}`));
    expect(await post({ kind: 'silent', target: 'pump-1' })).toMatchObject({ status: 400 });
  });
});

it('says that there is no simulator where none runs, whatever is asked of it', async () => {
  const dashboard = await start(null);
  const asked = [
    ['GET', ''],
    ['POST', '/faults'],
    ['POST', '/pace'],
    ['DELETE', '/faults/fault-1'],
  ];
  for (const [method = '', path] of asked) {
    const response = await fetch(`http://127.0.0.1:${dashboard.port}/api/sim${path}`, { method });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: 'no-simulator' } });
  }
  await dashboard.stop();
});

function silence(id: string): SimFault {
  return { id, kind: 'silent', target: 'pump-1', metric: null, fromMs: NOW_MS, toMs: null, sizes: {} };
}

function start(simulator: Simulator | null): Promise<Dashboard> {
  const never = () => () => undefined;
  return startDashboard(
    { host: '127.0.0.1', port: 0, plant: smallPlant(), rules: [] },
    {
      live: { values: () => [], onChange: never },
      alarms: openDesk({ plant: smallPlant() }).desk,
      people: noAccounts,
      history: () => Promise.reject(new Error('not asked for')),
      health: () => ({ status: 'ok' }),
      simulator,
      log: { info: () => {}, warn: () => {}, error: () => {} },
      now: () => NOW_MS,
    },
  );
}

/** Knows two targets, and a clock that stands. */
function fakeVillage() {
  const faults = new Map<string, SimFault>();
  const steps: number[] = [];
  let pace = { speed: Number.POSITIVE_INFINITY, isPaused: false };
  let failure: string | null = null;
  const times = { fromMs: 0, toMs: NOW_MS, doneMs: NOW_MS, villageMs: NOW_MS };
  const none = { pipe: ['up04'], junction: [], link: [], pump: [], treatment: [], circuit: [], cabinet: [] };
  const refuse = (code: string) => Promise.reject(Object.assign(new Error(code), { code }));
  const simulator: Simulator = {
    site: { id: 'toru', timeZone: 'Asia/Bishkek' },
    hasModbus: false,
    status: () => ({ phase: failure === null ? 'live' : 'failed', failure, ...times, ...pace }),
    faults: () => [...faults.values()],
    targets: () => ({ ...none, device: ['tank-1-level', 'pump-1'], site: [], asset: [] }),
    async put({ fromMs = NOW_MS, ...rest }) {
      if (rest.target === 'nowhere') return refuse('bad-fault');
      if (rest.target === 'tank-1-level') return refuse('not-saved');
      const fault = { ...rest, fromMs };
      faults.set(fault.id, fault);
      return fault;
    },
    end: (id) => simulator.put({ ...(faults.get(id) as SimFault), toMs: NOW_MS }),
    setPace({ speed = pace.speed, isPaused = pace.isPaused }) {
      pace = { speed, isPaused };
    },
    async step(ms) {
      if (!pace.isPaused) return refuse('not-paused');
      steps.push(ms);
    },
    onProgress: () => () => undefined,
  };
  const fail = (why: string): void => {
    failure = why;
  };
  return { simulator, steps, fail };
}
