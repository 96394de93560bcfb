/** Alarms over HTTP: the list, what people do with them, works, and how good they are (contract 3.5, 3.10 to 3.12). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Action } from '../model/person.ts';
import type { Plant } from '../model/plant.ts';
import type { Rule } from '../model/rule.ts';
import type { NewWork, WorkScope } from '../model/work.ts';
import {
  ACTIONS,
  parseAction,
  parseAlarmQuery,
  parseExcuse,
  parseQualityQuery,
  parseWork,
  parseWorksQuery,
} from './alarm-query.ts';
import { createAlarmWriter, toRulesWire } from './alarm-wire.ts';
import { inTurn } from './asker.ts';
import type { FairQueue } from './fair-queue.ts';
import { HttpError } from './http-error.ts';
import { keepAnswer, sendKept } from './kept-answer.ts';
import type { AlarmDesk } from './ports.ts';
import { type Actor, expectActor, type WhoIs } from './who-is.ts';

export interface AlarmRoutesOptions {
  readonly plant: Plant;
  readonly rules: readonly Rule[];
  readonly whoIs: WhoIs;
  readonly alarms: AlarmDesk;
  /** For what is looked up in the journal. */
  readonly queue: FairQueue;
  readonly now: () => number;
}

type OfAlarm = { Params: { id: string } };

export function addAlarmRoutes(app: FastifyInstance, options: AlarmRoutesOptions): void {
  const { rules, queue } = options;
  const texts = keepAnswer(toRulesWire(rules));
  const { list, one, journal } = createLookUps(options);

  app.get('/api/rules', (request, reply) => sendKept(request, reply, texts));
  app.get('/api/alarms', inTurn(queue, list));
  app.get<OfAlarm>('/api/alarms/:id', inTurn(queue, one));
  app.get<OfAlarm>('/api/alarms/:id/journal', inTurn(queue, journal));
  addActions(app, options);
  addWorks(app, options);
}

function createLookUps(options: AlarmRoutesOptions) {
  const { plant, alarms } = options;
  const write = createAlarmWriter(options);
  return {
    list({ query }: Pick<FastifyRequest, 'query' | 'ip' | 'raw'>) {
      const asked = parseAlarmQuery(query);
      expectSite(plant, asked.site);
      const children = alarms.children();
      return alarms.list(asked).map((alarm) => write(alarm, children));
    },
    one: ({ params }: FastifyRequest<OfAlarm>) => write(knownAlarm(alarms, params.id), alarms.children()),
    journal: ({ params }: FastifyRequest<OfAlarm>) => alarms.entriesOf(knownAlarm(alarms, params.id).id),
  };
}

export function expectSite(plant: Plant, site: string | undefined): void {
  if (site !== undefined && !plant.sites.has(site)) throw new HttpError(404, 'unknown-site', `no site "${site}"`);
}

function knownAlarm(alarms: AlarmDesk, id: string) {
  const alarm = alarms.get(id);
  if (!alarm) throw new HttpError(404, 'unknown-alarm', `no alarm "${id}"`);
  return alarm;
}

/** What a person must be allowed to. */
const NEEDS = {
  acknowledge: 'acknowledge',
  reset: 'reset',
  shelve: 'shelve',
  unshelve: 'shelve',
  'out-of-service': 'take-out-of-service',
  'in-service': 'take-out-of-service',
} as const satisfies Record<(typeof ACTIONS)[number], Action>;

const ON_DISK_WITHIN_MS = 2_000;

/** 202: it holds, and a power cut would still undo it. */
async function statusOnDisk(alarms: AlarmDesk): Promise<200 | 202> {
  return (await alarms.onDisk(ON_DISK_WITHIN_MS)) ? 200 : 202;
}

function addActions(app: FastifyInstance, options: AlarmRoutesOptions): void {
  const { whoIs, alarms, now } = options;
  const write = createAlarmWriter(options);
  for (const kind of ACTIONS) {
    app.post<OfAlarm>(`/api/alarms/:id/${kind}`, async (request, reply) => {
      const { name } = expectActor(whoIs, request, NEEDS[kind]);
      const { id } = knownAlarm(alarms, request.params.id);
      const outcome = alarms.act(id, parseAction(kind, request.body, { by: name, now: now() }));
      if (outcome.ok && outcome.alarm) {
        const done = write(outcome.alarm, alarms.children());
        return await reply.code(await statusOnDisk(alarms)).send(done);
      }
      const state = outcome.alarm?.state ?? 'unknown';
      throw new HttpError(409, 'no-change', `${kind} changes nothing of an alarm that is ${state}`);
    });
  }
}

function addWorks(app: FastifyInstance, { plant, whoIs, alarms, queue, now }: AlarmRoutesOptions): void {
  const add = async (work: NewWork, reply: FastifyReply) => {
    expectScope(plant, work.scope);
    const added = alarms.addWork(work);
    return await reply.code(await statusOnDisk(alarms)).send(added);
  };
  const said = ({ name }: Actor) => ({ by: name, now: now() });
  app.get(
    '/api/works',
    inTurn(queue, ({ query }: FastifyRequest) => {
      const children = alarms.children();
      return alarms
        .works(parseWorksQuery(query, now()))
        .map((work) => ({ ...work, children: children.get(work.id) ?? [] }));
    }),
  );
  app.post('/api/works', (request, reply) =>
    add(parseWork(request.body ?? {}, said(expectActor(whoIs, request, 'plan-works'))), reply),
  );
  app.post('/api/excuses', (request, reply) =>
    add(parseExcuse(request.body ?? {}, said(expectActor(whoIs, request, 'excuse'))), reply),
  );
  app.delete<OfAlarm>('/api/works/:id', async (request, reply) => {
    // Who may write an excuse down may take it back.
    const isExcuse = alarms.works(now()).some(({ id, kind }) => id === request.params.id && kind !== 'work');
    const { name } = expectActor(whoIs, request, isExcuse ? 'excuse' : 'plan-works');
    const work = alarms.cancelWork(request.params.id, name);
    if (!work) throw new HttpError(404, 'unknown-work', `no work "${request.params.id}", or it is over`);
    return await reply.code(await statusOnDisk(alarms)).send(work);
  });
  app.get(
    '/api/alarm-quality',
    inTurn(queue, ({ query }: FastifyRequest) => alarms.quality(parseQualityQuery(query, now()))),
  );
}

/** A misspelt place would explain nothing, and nobody would know. */
function expectScope(plant: Plant, { site, asset, circuit, zone }: WorkScope): void {
  expectSite(plant, site ?? undefined);
  const isKnown =
    (asset === null || plant.assets.has(asset)) &&
    (circuit === null || plant.circuits.some(({ id }) => id === circuit)) &&
    (zone === null || plant.zones.some(({ id }) => id === zone));
  if (!isKnown) throw new HttpError(404, 'unknown-place', `no such place: ${asset ?? circuit ?? zone}`);
}
