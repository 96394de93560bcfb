/** What InfluxDB may answer: paths, headers and bodies of 2 and 3, and every way in which a server can be unwell. */
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type InfluxStoreOptions, openInfluxStore } from '../../../ingest/store/influx-store.ts';
import type { ReadingStore } from '../../../ingest/store/reading-store.ts';
import { eventually } from '../../harness/process.ts';
import { reading } from '../../harness/readings.ts';
import { temporaryFolder } from '../../harness/server.ts';
import { type Answer, type InfluxRecorder, startInfluxRecorder, TAKEN } from './influx-recorder.ts';

const level = (ts: number, value: number | null) => reading('tank-1-level', 'level', ts, value);
const line = (ts: number, value: number) => `reservoir_level,device=tank-1-level,site=toru level=${value} ${ts}`;

// Of all tests together, since some of them run at a time.
const stops: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

async function startRecorder(port?: number): Promise<InfluxRecorder> {
  const recorder = await startInfluxRecorder(port);
  stops.push(recorder.stop);
  return recorder;
}

interface Opened {
  readonly store: ReadingStore;
  readonly log: string[];
}

async function open(options: Partial<InfluxStoreOptions> & { url: string }): Promise<Opened> {
  const log: string[] = [];
  const note = (_: object, sentence: string): void => void log.push(sentence);
  const full = {
    api: 'v2',
    bucket: 'town',
    file: join(temporaryFolder(), 'outbox.db'),
    outboxBytes: 1e6,
    placeOf: () => ({ site: 'toru', kind: 'reservoir_level' }),
    ...options,
  } as const;
  const store = await openInfluxStore(full, { log: { info: note, warn: note, error: note } });
  stops.push(store.stop);
  return { store, log };
}

const local = ({ port }: InfluxRecorder): string => `http://127.0.0.1:${port}`;
const whenDrained = (store: ReadingStore) => eventually(store.health, ({ pending }) => pending === 0);
const writes = ({ requests }: InfluxRecorder) => requests.filter(({ url }) => url.pathname.endsWith('write'));

describe('what is sent', () => {
  it('to InfluxDB 2 and 3: bucket, organisation and token, times in ms, floats without a suffix', async () => {
    const recorder = await startRecorder();
    const { store } = await open({ url: local(recorder), org: 'water works', token: 's3cret' });
    await store.append([level(1, 2), { ...level(2, 2.5), quality: 'uncertain' }, level(3, null)]);
    await whenDrained(store);
    const [write] = writes(recorder);
    expect([write?.method, write?.url.pathname]).toEqual(['POST', '/api/v2/write']);
    expect(Object.fromEntries(write?.url.searchParams ?? [])).toEqual({
      ...{ org: 'water works', bucket: 'town', precision: 'ms' },
    });
    expect(write?.headers).toMatchObject({
      authorization: 'Token s3cret',
      'content-type': 'text/plain; charset=utf-8',
    });
    expect(write?.body.split('\n')).toEqual([
      'reservoir_level,device=tank-1-level,site=toru level=2 1',
      'reservoir_level,device=tank-1-level,site=toru level=2.5,level_q=1 2',
      'reservoir_level,device=tank-1-level,site=toru level_q=2 3',
    ]);
  });

  it('to any version on the path of 1.x: database, user and password, and the database is made', async () => {
    const recorder = await startRecorder();
    const { store } = await open({ url: `${local(recorder)}/influx`, api: 'v1', user: 'ingest', password: 'p:w' });
    await store.append([level(1, 2)]);
    await whenDrained(store);
    const [write] = writes(recorder);
    expect([write?.url.pathname, write?.url.search]).toEqual(['/influx/write', '?db=town&precision=ms']);
    expect(write?.headers.authorization).toBe(`Basic ${btoa('ingest:p:w')}`);
    const [first] = recorder.requests;
    expect([first?.method, first?.url.searchParams.get('q')]).toEqual(['POST', 'CREATE DATABASE "town"']);
  });

  it('is compressed for another machine, and not on this one', async () => {
    const recorder = await startRecorder();
    const many = Array.from({ length: 100 }, (_, i) => level(i, i));
    for (const [host, encoding] of [
      ['127.0.0.1', undefined],
      ['0.0.0.0', 'gzip'],
    ]) {
      const { store } = await open({ url: `http://${host}:${recorder.port}` });
      await store.append(many);
      await whenDrained(store);
      expect(writes(recorder).at(-1)?.headers['content-encoding']).toBe(encoding);
      expect(writes(recorder).at(-1)?.body.split('\n')).toEqual(many.map(({ ts, value }) => line(ts, value ?? 0)));
    }
  });

  it('escapes what line protocol and InfluxQL would take for their own', async () => {
    const recorder = await startRecorder();
    const { store } = await open({ url: local(recorder), placeOf: () => ({ site: 'a b,c=d', kind: 'my kind,x' }) });
    await store.append([reading("it's", 'level', 1, 2)]);
    await whenDrained(store);
    expect(recorder.written).toEqual(["my\\ kind\\,x,device=it's,site=a\\ b\\,c\\=d level=2 1"]);
    await store.history({ device: "it's", metric: 'le"vel', from: 0, to: 9, points: 1, aggregate: 'raw' });
    const question = recorder.requests.findLast(({ url }) => url.pathname === '/query');
    expect(question?.url.searchParams.get('q')).toBe(
      `SELECT "le\\"vel", "le\\"vel_q" FROM "my kind,x" WHERE "device" = 'it\\'s' AND time >= 0ms AND time < 9ms ORDER BY time LIMIT 2`,
    );
  });
});

describe('a server that is unwell', () => {
  const page = '<html><body>Bad gateway</body></html>';
  const faults: [string, Answer, RegExp][] = [
    ['an error of its own', { status: 500, body: '{"code":"internal error","message":"oh"}' }, /answers 500: oh/],
    [
      'a wrong token',
      { status: 401, body: '{"code":"unauthorized","message":"no"}' },
      /does not accept the credentials/,
    ],
    ['a token without rights', { status: 403, body: '{"error":"forbidden"}' }, /does not allow this on bucket "town"/],
    ['a missing bucket', { status: 404, body: '{"code":"not found","message":"bucket"}' }, /has no bucket "town"/],
    ['a page of a proxy', { status: 502, body: page, headers: { 'content-type': 'text/html' } }, /502: a web page/],
    [
      'a page as if all were well',
      { status: 200, body: page, headers: { 'content-type': 'text/html' } },
      /200, where InfluxDB says 204: a web page/,
    ],
    [
      'a refusal of the request',
      { status: 400, body: '{"error":"precision is unknown"}' },
      /400: precision is unknown/,
    ],
    ['nonsense', { status: 200, body: '{' }, /does not answer as InfluxDB does/],
    ['too many requests', { status: 429, headers: { 'retry-after': '0' } }, /answers 429/],
    ['no answer', undefined, /did not answer within 0.5 s/],
  ];

  it.concurrent.each(faults)(
    'with %s: health says so, the log once, and nothing is lost',
    async (_, answer, reason) => {
      const recorder = await startRecorder();
      recorder.onWrite = () => answer;
      const { store, log } = await open({ url: local(recorder), timeoutMs: 500 });
      expect(await store.append([level(1, 2)])).toEqual(['stored']);
      await eventually(
        () => writes(recorder).length,
        (count) => count >= 2,
      );
      expect(store.health()).toMatchObject({ reachable: false, pending: 1, deadLetters: 0 });
      expect(store.health().reason).toMatch(reason);
      recorder.onWrite = () => TAKEN;
      await whenDrained(store);
      expect(recorder.written).toEqual([line(1, 2)]);
      expect(store.health()).toMatchObject({ reachable: true, reason: null, deadLetters: 0 });
      expect(log).toEqual(['InfluxDB takes no readings; they wait here', 'InfluxDB is there again']);
    },
  );

  it.each([
    [404, '{"code":"not found","message":"no dbrp mapping found for town"}'],
    [200, '{"results":[{"statement_id":0,"error":"database not found: town"}]}'],
  ])('that has no mapping for reading (%i): health says what is missing, and writing goes on', async (status, body) => {
    const recorder = await startRecorder();
    recorder.onQuery = () => ({ status, body });
    const { store, log } = await open({ url: local(recorder) });
    await store.append([level(1, 2)]);
    await whenDrained(store);
    expect(recorder.written).toEqual([line(1, 2)]);
    expect(store.health().reason).toMatch(/cannot read bucket "town" .*found.*; in InfluxDB 2 it needs a DBRP mapping/);
    expect(await store.newest()).toEqual([level(1, 2)]);
    expect(log).toEqual(['InfluxDB cannot be read']);
  });

  it('does not hold up a stop, and nothing is lost by it', async () => {
    const recorder = await startRecorder();
    recorder.onWrite = () => undefined;
    const file = join(temporaryFolder(), 'outbox.db');
    // Longer than a test may take.
    const { store } = await open({ url: local(recorder), file, timeoutMs: 600_000 });
    await store.append([level(1, 2)]);
    await eventually(
      () => writes(recorder).length,
      (count) => count > 0,
    );
    await store.stop();
    recorder.onWrite = () => TAKEN;
    const again = await open({ url: local(recorder), file });
    await whenDrained(again.store);
    expect(recorder.written).toEqual([line(1, 2)]);
  });

  it('is left in peace for as long as it asks', async () => {
    const recorder = await startRecorder();
    recorder.onWrite = () => (writes(recorder).length === 1 ? { status: 429, headers: { 'retry-after': '2' } } : TAKEN);
    const { store } = await open({ url: local(recorder) });
    await store.append([level(1, 2)]);
    await whenDrained(store);
    const [first, second] = writes(recorder);
    // Without the header it would be one second at the most.
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(1_900);
  });

  it('that is not there at the start: readings are taken, known at once, and arrive in order when it comes', async () => {
    const gone = await startInfluxRecorder();
    await gone.stop();
    const file = join(temporaryFolder(), 'outbox.db');
    const first = await open({ url: local(gone), file });
    expect(first.store.health()).toMatchObject({ kind: 'influx', reachable: false, pending: 0 });
    expect(first.store.health().reason).toMatch(/cannot be reached \(ECONNREFUSED\)/);
    await first.store.append([level(1, 2), level(2, 3)]);
    await first.store.stop();

    const { store } = await open({ url: local(gone), file });
    expect((await store.newest()).map(({ ts, value }) => [ts, value])).toEqual([[2, 3]]);
    expect(await store.append([level(1, 2), level(2, 9), level(3, 4)])).toEqual(['duplicate', 'conflict', 'stored']);
    const query = { device: 'tank-1-level', metric: 'level', from: 0, to: 9, points: 9, aggregate: 'raw' } as const;
    await expect(store.history(query)).rejects.toMatchObject({ name: 'StoreError' });
    const recorder = await startRecorder(gone.port);
    await whenDrained(store);
    expect(recorder.written).toEqual([line(1, 2), line(2, 3), line(3, 4)]);
  });

  it('that is away until the outbox is full: no more is taken, nothing is dropped, and later it goes on', async () => {
    const recorder = await startRecorder();
    recorder.onWrite = () => ({ status: 503 });
    const { store } = await open({ url: local(recorder), outboxBytes: 200 });
    const sent: number[] = [];
    let ts = 0;
    const full = async (): Promise<void> => {
      for (;;) {
        await store.append([level(++ts, ts)]);
        sent.push(ts);
      }
    };
    await expect(full()).rejects.toMatchObject({ code: 'outbox-full' });
    recorder.onWrite = () => TAKEN;
    await whenDrained(store);
    expect(await store.append([level(ts, ts)])).toEqual(['stored']);
    await whenDrained(store);
    expect(recorder.written).toEqual([...sent, ts].map((each) => line(each, each)));
  });
});

describe('points that a server refuses', () => {
  const refusing =
    (body: string, status = 400) =>
    (lines: readonly string[]) =>
      lines.some((each) => each.includes('level=666')) ? { status, body } : TAKEN;

  it.each([
    ['1.x and 2', 400, '{"error":"partial write: field type conflict: input field \\"level\\" dropped=1"}'],
    [
      '2, past its retention',
      422,
      '{"code":"unprocessable entity","message":"points beyond retention policy dropped=1"}',
    ],
    ['3', 400, '{"error":"partial write of line protocol occurred","data":[{"line_number":5}]}'],
    ['a cluster of 3', 201, '{"code":"invalid","message":"line 5"}'],
    ['any version, by size', 413, '{"error":"Request Entity Too Large"}'],
  ])('as %s does: they become dead letters with their reason, the others are written', async (_, status, body) => {
    const recorder = await startRecorder();
    recorder.onWrite = refusing(body, status);
    const { store, log } = await open({ url: local(recorder) });
    const good = Array.from({ length: 20 }, (__, i) => i).filter((i) => i !== 5 && i !== 17);
    await store.append(Array.from({ length: 20 }, (__, i) => level(i, good.includes(i) ? i : 666)));
    await whenDrained(store);
    expect([...new Set(recorder.written)].sort()).toEqual(good.map((i) => line(i, i)).sort());
    expect(store.health()).toMatchObject({ reachable: true, pending: 0, deadLetters: 2 });
    expect(log).toEqual(['InfluxDB refuses readings for good; they are kept as dead letters']);
  });

  it('all of them at once are not asked for one by one', async () => {
    const recorder = await startRecorder();
    recorder.onWrite = (lines) => ({
      status: 400,
      body: `partial write: points beyond retention policy dropped=${lines.length}`,
    });
    const { store } = await open({ url: local(recorder) });
    await store.append(Array.from({ length: 500 }, (_, i) => level(i, i)));
    await whenDrained(store);
    expect(store.health().deadLetters).toBe(500);
    expect(writes(recorder)).toHaveLength(1);
  });
});
