/** The HTTP API and the page (contract 3). The one place that knows Fastify's settings. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import compress from '@fastify/compress';
import serveStatic from '@fastify/static';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { Log } from '../model/log.ts';
import { METRICS } from '../model/metric.ts';
import type { Plant } from '../model/plant.ts';
import type { Rule } from '../model/rule.ts';
import { addAlarmRoutes, expectSite } from './alarm-routes.ts';
import { historyCsv } from './csv.ts';
import { errorBody, HttpError } from './http-error.ts';
import { startLiveFeed } from './live-feed.ts';
import type { Accounts, AlarmDesk, History, LiveState, Simulator } from './ports.ts';
import { parseCsvQuery, parseHistoryQuery, parseLiveQuery } from './query.ts';
import { addSessionRoutes } from './session-routes.ts';
import { addSimApi } from './sim-api.ts';
import { toLiveWire, toPlantWire } from './to-wire.ts';
import { createWhoIs, isOwnPage, type WhoIs } from './who-is.ts';

export interface DashboardOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly plant: Plant;
  readonly rules: readonly Rule[];
  /** Of the command line, where there is one. */
  readonly runToken?: string;
  /** Default: whoever is signed in, or bears that token. */
  readonly whoIs?: WhoIs;
}

export interface DashboardDependencies {
  readonly live: LiveState;
  readonly alarms: AlarmDesk;
  readonly history: History['history'];
  readonly people: Accounts;
  /** The body of `/api/health`; served with 200 while its `status` is ok or degraded. */
  readonly health: () => { readonly status: string };
  readonly simulator: Simulator | null;
  readonly log: Log;
  readonly now: () => number;
}

export interface Dashboard {
  readonly port: number;
  stop(): Promise<void>;
}

const COMPRESS_FROM_BYTES = 1024;
const STREAM_FROM_BYTES = 256 * 1024;
const PAGE = fileURLToPath(new URL('./web/dist', import.meta.url));

export async function startDashboard(
  options: DashboardOptions,
  dependencies: DashboardDependencies,
): Promise<Dashboard> {
  const { host, port, plant, rules, runToken = null, whoIs = createWhoIs(dependencies.people, runToken) } = options;
  const app = Fastify({
    forceCloseConnections: true,
    // Bodies are checked by zod. What would compile JSON schemas is not even loaded.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    // An alarm's id names rule, device and time.
    routerOptions: { maxParamLength: 400 },
    frameworkErrors: (error, _request, reply: FastifyReply) => {
      reply.code(error.statusCode ?? 400).send(errorBody('bad-request', error.message));
    },
  });
  // A page of another origin can post plain text without asking first; JSON it cannot.
  app.removeContentTypeParser('text/plain');
  addErrors(app, dependencies.log);
  // In one piece: a stream would come back to a busy server once for every few kilobytes.
  await app.register(compress, { threshold: COMPRESS_FROM_BYTES, syncThreshold: STREAM_FROM_BYTES });
  addApi(app, { plant, rules, whoIs }, dependencies);
  await addPage(app, dependencies.log);
  await app.ready();
  const feed = startLiveFeed(app.server, { plant, rules }, dependencies);
  const stop = async (): Promise<void> => {
    await feed.stop();
    await app.close();
  };
  try {
    await app.listen({ host, port });
  } catch (error) {
    await stop();
    throw error;
  }
  const address = app.server.address();
  return { port: typeof address === 'object' && address ? address.port : port, stop };
}

function noSchemas(): never {
  throw new Error('no route has a JSON schema');
}

function addApi(
  app: FastifyInstance,
  context: { plant: Plant; rules: readonly Rule[]; whoIs: WhoIs },
  { live, alarms, history, people, health, simulator, now }: DashboardDependencies,
): void {
  const { plant } = context;
  // A page of another origin must not act in the name of whoever looks at it.
  app.addHook('onRequest', async ({ method, headers }) => {
    const isRead = method === 'GET' || method === 'HEAD';
    if (!isRead && !isOwnPage(headers))
      throw new HttpError(403, 'foreign-origin', 'only the server’s own page may do this');
  });
  app.get('/api/health', () => health());
  app.get('/api/plant', () => toPlantWire(context, now()));
  app.get('/api/live', ({ query }) => {
    const { site } = parseLiveQuery(query);
    expectSite(plant, site);
    const nowMs = now();
    const values = live.values().filter((value) => site === undefined || value.site === site);
    return values.map((value) => toLiveWire(value, nowMs));
  });
  app.get('/api/history', async ({ query }) => {
    const { device, metric, unit, ...asked } = knownSeries(plant, parseHistoryQuery(query, now()));
    const { bucketMs, points, next, damaged } = await history({ device, metric, ...asked });
    return { device, metric, unit, bucketMs, points, ...(next !== null && { next }), ...(damaged && { damaged }) };
  });
  app.get('/api/history.csv', ({ query }, reply) => {
    const { unit, ...asked } = knownSeries(plant, parseCsvQuery(query, now()));
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="${asked.device}.${asked.metric}.csv"`)
      .send(historyCsv(history, asked, unit));
  });
  addSimApi(app, context, simulator);
  addAlarmRoutes(app, { ...context, alarms, now });
  addSessionRoutes(app, { accounts: people, whoIs: context.whoIs });
}

function knownSeries<Q extends { device: string; metric: string }>(plant: Plant, query: Q): Q & { unit: string } {
  const device = plant.devices.get(query.device);
  if (!device) throw new HttpError(404, 'unknown-device', `no device "${query.device}"`);
  if (!device.metrics.has(query.metric)) {
    throw new HttpError(404, 'unknown-metric', `device "${query.device}" has no metric "${query.metric}"`);
  }
  return { ...query, unit: METRICS.get(query.metric)?.unit ?? '' };
}

async function addPage(app: FastifyInstance, log: Log): Promise<void> {
  if (!existsSync(PAGE)) {
    log.warn({ folder: PAGE }, 'the page has not been built (npm run prepare); only the API is served');
    return;
  }
  await app.register(serveStatic, {
    root: PAGE,
    preCompressed: true,
    // File names carry a hash of their content, but for index.html.
    setHeaders(reply, file) {
      const isHashed = file.includes('/assets/');
      reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}

function addErrors(app: FastifyInstance, log: Log): void {
  app.setNotFoundHandler(({ method, url }, reply) => {
    reply.code(404).send(errorBody('not-found', `nothing at ${method} ${url}`));
  });
  app.setErrorHandler((error: Error & { statusCode?: number; code?: string }, { url }, reply) => {
    if (error instanceof HttpError) {
      reply.code(error.status).send(errorBody(error.code, error.message, error.details));
    } else if (error.statusCode !== undefined && error.statusCode < 500) {
      reply.code(error.statusCode).send(errorBody('bad-request', error.message));
    } else {
      sendFault(error, url, reply, log);
    }
  });
}

function sendFault(error: Error & { code?: string }, url: string, reply: FastifyReply, log: Log): void {
  log.error({ err: error, url }, 'a call failed');
  const [status, code, sentence] = faultOf(error);
  reply.code(status).send(errorBody(code, sentence));
}

const STORE_DAMAGED = 'the stored readings of this series cannot be read; see the list of damage in health';

/** A store that takes too long has code and sentence of its own: another question may be answered at once. */
function faultOf({ name, code, message }: Error & { code?: string }): readonly [number, string, string] {
  if (name !== 'StoreError') return [500, 'internal', 'the server made a mistake; see its log'];
  if (code === 'ERR_STORE_OVERDUE') return [504, 'store-late', `${message}; ask for less, or again later`];
  if (code === 'ERR_STORE_DAMAGED') return [500, 'store-damaged', STORE_DAMAGED];
  return [503, 'store-unreachable', 'the store does not answer'];
}
