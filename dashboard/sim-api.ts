/** The simulator over HTTP (contract 3.6): where it stands, its faults and its pace. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { SimFault } from '../model/sim-fault.ts';
import { inTurn } from './asker.ts';
import type { FairQueue } from './fair-queue.ts';
import { HttpError } from './http-error.ts';
import type { Simulator } from './ports.ts';
import { parseFaultRequest, parsePace } from './sim-request.ts';
import { toSimDetailWire, toSimWire, type WireContext } from './to-wire.ts';
import { expectActor, type WhoIs } from './who-is.ts';

/** Faults are kept for good, in memory and in every answer. */
const MAX_FAULTS = 1000;
const BODY_BYTES = 16 * 1024;

type SimContext = WireContext & { readonly whoIs: WhoIs; readonly queue: FairQueue };

export function addSimApi(app: FastifyInstance, context: SimContext, simulator: Simulator | null): void {
  const running = (): Simulator => {
    if (!simulator) throw new HttpError(404, 'no-simulator', 'no simulator runs here');
    return simulator;
  };
  const mayChange = async (request: FastifyRequest): Promise<void> => {
    expectActor(context.whoIs, request, 'simulate');
  };
  const changing = { onRequest: mayChange, bodyLimit: BODY_BYTES };

  app.get(
    '/api/sim',
    inTurn(context.queue, () => toSimDetailWire(running(), context)),
  );
  app.post('/api/sim/faults', changing, async ({ body }, reply) => {
    const sim = running();
    if (sim.faults().length >= MAX_FAULTS)
      throw badFault(`this village has had ${MAX_FAULTS} faults; it takes no more`);
    const fault = parseFaultRequest(body, { id: nextId(sim.faults()), nowMs: sim.status().villageMs });
    return reply.code(201).send(await sim.put(fault).catch(asHttpError));
  });
  app.delete<{ Params: { id: string } }>('/api/sim/faults/:id', changing, async ({ params: { id } }) => {
    const sim = running();
    const fault = sim.faults().find((each) => each.id === id);
    if (!fault) throw new HttpError(404, 'unknown-fault', `no fault "${id}"`);
    const isOver = fault.toMs !== null && fault.toMs <= sim.status().villageMs;
    return isOver ? fault : sim.end(id).catch(asHttpError);
  });
  app.post('/api/sim/pace', changing, async ({ body }) => {
    const sim = running();
    const { speed, isPaused, stepS } = parsePace(body);
    // Before anything is changed: what is refused leaves nothing behind.
    if (stepS !== undefined && !(isPaused ?? sim.status().isPaused)) {
      throw new HttpError(409, 'not-paused', 'the village is not paused');
    }
    if (speed !== undefined || isPaused !== undefined) sim.setPace({ speed, isPaused });
    if (stepS !== undefined) await sim.step(stepS * 1000).catch(asHttpError);
    return toSimWire(sim);
  });
}

/** `fault-3` after `fault-1` and `fault-2`. */
function nextId(faults: readonly SimFault[]): string {
  const numbers = faults.map(({ id }) => Number(/^fault-(\d+)$/.exec(id)?.[1] ?? 0));
  return `fault-${Math.max(0, ...numbers) + 1}`;
}

function badFault(message: string): HttpError {
  return new HttpError(400, 'bad-fault', message, [{ parameter: 'target', message }]);
}

/** What only the village can tell. */
function asHttpError(error: Error & { code?: string }): never {
  if (error.code === 'bad-fault') throw badFault(error.message);
  if (error.code === 'not-saved') throw new HttpError(503, 'not-saved', error.message);
  if (error.code === 'not-paused') throw new HttpError(409, 'not-paused', error.message);
  throw error;
}
