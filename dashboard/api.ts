/** The calls of the API (contract 3). What is costly is made once for many, or in turn. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { METRICS } from '../model/metric.ts';
import type { Plant } from '../model/plant.ts';
import type { Rule } from '../model/rule.ts';
import { addAlarmRoutes, expectSite } from './alarm-routes.ts';
import { askerOf, inTurn } from './asker.ts';
import { historyCsv } from './csv.ts';
import { createFairQueue } from './fair-queue.ts';
import { HttpError } from './http-error.ts';
import { type KeptAnswer, keepAnswer, sendKept } from './kept-answer.ts';
import { createPaced } from './paced.ts';
import { createPlantAnswer } from './plant-answer.ts';
import type { Accounts, AlarmDesk, History, LiveState, Simulator } from './ports.ts';
import { parseCsvQuery, parseHistoryQuery, parseLiveQuery } from './query.ts';
import { addSessionRoutes } from './session-routes.ts';
import { addSimApi } from './sim-api.ts';
import { toLiveWire } from './to-wire.ts';
import { isOwnPage, type WhoIs } from './who-is.ts';

export interface ApiContext {
  readonly plant: Plant;
  readonly rules: readonly Rule[];
  readonly whoIs: WhoIs;
}

export interface ApiDependencies {
  readonly live: LiveState;
  readonly alarms: AlarmDesk;
  readonly history: History['history'];
  readonly people: Accounts;
  /** The body of `/api/health`; served with 200 while its `status` is ok or degraded. */
  readonly health: () => { readonly status: string };
  readonly simulator: Simulator | null;
  readonly now: () => number;
}

/** One thread answers: two of them keep it busy. */
const HISTORY = { atOnce: 2, waiting: 500, rest: 0 };
/** What is looked up on the main thread takes half of its time at most. */
const LOOKING_UP = { atOnce: 1, waiting: 500, rest: 1 };

const uptimeMs = (): number => performance.now();

export function addApi(app: FastifyInstance, context: ApiContext, dependencies: ApiDependencies): void {
  const { plant } = context;
  const { alarms, people, health, simulator, now } = dependencies;
  const queue = createFairQueue(LOOKING_UP, uptimeMs);
  const plantAt = createPlantAnswer(context);
  // A page of another origin must not act in the name of whoever looks at it.
  app.addHook('onRequest', async ({ method, headers }) => {
    const isRead = method === 'GET' || method === 'HEAD';
    if (!isRead && !isOwnPage(headers))
      throw new HttpError(403, 'foreign-origin', 'only the server’s own page may do this');
  });
  app.get('/api/health', () => health());
  app.get('/api/plant', (request, reply) => sendKept(request, reply, plantAt(now())));
  addLive(app, plant, dependencies);
  addHistory(app, plant, dependencies);
  addSimApi(app, { ...context, queue }, simulator);
  addAlarmRoutes(app, { ...context, alarms, queue, now });
  addSessionRoutes(app, { accounts: people, whoIs: context.whoIs });
}

function addLive(app: FastifyInstance, plant: Plant, { live, now }: ApiDependencies): void {
  const answers = new Map<string | undefined, () => Promise<KeptAnswer>>();
  const answerOf = (site: string | undefined) =>
    createPaced(() => {
      const nowMs = now();
      const values = live.values().filter((value) => site === undefined || value.site === site);
      return keepAnswer(values.map((value) => toLiveWire(value, nowMs)));
    }, uptimeMs);
  app.get('/api/live', async (request, reply) => {
    const { site } = parseLiveQuery(request.query);
    expectSite(plant, site);
    const answer = answers.get(site) ?? answerOf(site);
    answers.set(site, answer);
    return sendKept(request, reply, await answer());
  });
}

function addHistory(app: FastifyInstance, plant: Plant, { history, now }: ApiDependencies): void {
  const queue = createFairQueue(HISTORY, uptimeMs);
  app.get(
    '/api/history',
    inTurn(queue, async ({ query }: FastifyRequest) => {
      const { device, metric, unit, ...asked } = knownSeries(plant, parseHistoryQuery(query, now()));
      const { bucketMs, points, next, damaged } = await history({ device, metric, ...asked });
      return { device, metric, unit, bucketMs, points, ...(next !== null && { next }), ...(damaged && { damaged }) };
    }),
  );
  app.get('/api/history.csv', (request, reply) => {
    const { unit, ...asked } = knownSeries(plant, parseCsvQuery(request.query, now()));
    const asker = askerOf(request);
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', `attachment; filename="${asked.device}.${asked.metric}.csv"`)
      .send(historyCsv((page) => queue.run(asker, () => history(page)), asked, unit));
  });
}

function knownSeries<Q extends { device: string; metric: string }>(plant: Plant, query: Q): Q & { unit: string } {
  const device = plant.devices.get(query.device);
  if (!device) throw new HttpError(404, 'unknown-device', `no device "${query.device}"`);
  if (!device.metrics.has(query.metric)) {
    throw new HttpError(404, 'unknown-metric', `device "${query.device}" has no metric "${query.metric}"`);
  }
  return { ...query, unit: METRICS.get(query.metric)?.unit ?? '' };
}
