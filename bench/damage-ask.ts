/** What a server says that can be compared with the truth. */
import mqtt from 'mqtt';
import { KEEPER, type Made, RETAINED } from './damage-made.ts';

export type Point = readonly [number, number | null];

/** A text of JSON for everything but readings, by what it is of. */
export interface Said {
  readonly series: ReadonlyMap<string, ReadonlyMap<number, number | null>>;
  /** `[start, min, max, mean]` by series. */
  readonly buckets: ReadonlyMap<string, readonly (readonly (number | null)[])[]>;
  /** Newest values that the page shows. */
  readonly live: readonly {
    readonly device: string;
    readonly metric: string;
    readonly ts: number;
    readonly value: number | null;
  }[];
  /** Alarms, their journals, works and what the broker keeps. */
  readonly facts: ReadonlyMap<string, string>;
  /** Readings that wait for InfluxDB. */
  readonly pending: number;
  readonly isSignedIn: boolean;
  /** Whoever comes without a session may act. */
  readonly isOpen: boolean;
}

const PAGE = 10_000;
const BUCKETS = 50;

export async function ask(made: Made, server: { url: string; mqttPort: number }, user: typeof NOBODY): Promise<Said> {
  const { url } = server;
  const [series, buckets] = [new Map<string, Map<number, number | null>>(), new Map<string, (number | null)[][]>()];
  for (const device of made.plant?.devices ?? []) {
    for (const metric of made.plant?.metrics ?? []) {
      const name = `${device}/${metric}`;
      series.set(name, new Map(await readSeries(url, { device, metric, toMs: made.untilMs })));
      const query = `device=${device}&metric=${metric}&from=0&to=${made.untilMs}&points=${BUCKETS}&aggregate=minmax`;
      buckets.set(
        name,
        (await getOr<{ points: (number | null)[][] }>(url, `/api/history?${query}`, { points: [] })).points,
      );
    }
  }
  const facts = new Map<string, string>();
  const alarms = await getOr<{ id: string; detector: string }[]>(url, '/api/alarms?state=all&limit=1000', []);
  for (const { id, ...alarm } of alarms)
    if (alarm.detector !== 'server') facts.set(`alarm ${id}`, JSON.stringify(alarm));
  for (const name of [...facts.keys()]) {
    const id = name.slice('alarm '.length);
    const events = await getOr<object[]>(url, `/api/alarms/${id}/journal`, []);
    for (const event of events) facts.set(`event ${JSON.stringify(event)}`, '');
  }
  for (const work of await getOr<{ id: string }[]>(url, '/api/works?from=0', []))
    facts.set(`work ${work.id}`, JSON.stringify(work));
  for (const [name, text] of await kept(server.mqttPort)) facts.set(name, text);
  const health = await getOr<{ store?: { pending?: number } }>(url, '/api/health', {});
  const session = await getOr<{ via: string | null }>(url, '/api/session', { via: null });
  return {
    series,
    buckets,
    live: made.plant === null ? [] : await getOr(url, '/api/live', []),
    facts,
    pending: health.store?.pending ?? 0,
    isSignedIn: (await signIn(url, user)).isOk,
    isOpen: session.via !== null,
  };
}

const NOBODY = { user: '', password: '' };

export async function signIn(url: string, user: typeof NOBODY): Promise<{ isOk: boolean; cookie: string }> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/api/session`, {
    method: 'POST',
    headers,
    body: JSON.stringify(user),
    ...within(),
  });
  const cookie = answer.headers.getSetCookie().map((each) => each.split(';')[0]);
  return { isOk: answer.ok, cookie: cookie.join('; ') };
}

/** Longer than any answer here takes; a server that gives none hangs. */
const ANSWER_MS = 15_000;
const within = () => ({ signal: AbortSignal.timeout(ANSWER_MS) });

/** An error is an answer, too: what was asked for is not served. */
async function getOr<T>(url: string, path: string, none: T): Promise<T> {
  const answer = await fetch(url + path, within());
  return answer.ok ? ((await answer.json()) as T) : none;
}

async function readSeries(
  url: string,
  { device, metric, toMs }: { device: string; metric: string; toMs: number },
): Promise<Point[]> {
  const all: Point[] = [];
  for (let from: number | undefined = 0; from !== undefined; ) {
    const query = `device=${device}&metric=${metric}&from=${from}&to=${toMs}&points=${PAGE}`;
    const page: { points: Point[]; next?: number } = await getOr(url, `/api/history?${query}`, { points: [] });
    all.push(...page.points);
    from = page.next !== undefined && page.next > from ? page.next : undefined;
  }
  return all;
}

const KEPT_WITHIN_MS = 300;

/** The retained message, and whether the session is still there. */
async function kept(port: number): Promise<[string, string][]> {
  const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { clientId: KEEPER, clean: false, reconnectPeriod: 0 });
  const found: [string, string][] = [];
  client.on('message', (topic, payload) => found.push([`retained ${topic}`, payload.toString()]));
  client.on('error', () => undefined);
  const isPresent = await new Promise<boolean>((resolve) => {
    client.once('connect', ({ sessionPresent }) => resolve(sessionPresent));
    client.once('close', () => resolve(false));
  });
  if (isPresent) found.push([`session ${KEEPER}`, '']);
  if (client.connected) await client.subscribeAsync(RETAINED.topic, { qos: 1 }).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, KEPT_WITHIN_MS));
  client.end(true);
  return found;
}
