/** Every answer that is an error, in one shape (contract 3.9). */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { LimitedLog } from '../model/limited-log.ts';
import { errorBody, HttpError } from './http-error.ts';

/** What `busy` asks to be waited. */
const BUSY_S = 2;

/** Refusals that whoever looks after the server is to know of. */
const TOLD: ReadonlySet<string> = new Set(['busy', 'too-many-attempts']);

export function addErrors(app: FastifyInstance, log: LimitedLog): void {
  app.setNotFoundHandler(({ method, url }, reply) => {
    reply.code(404).send(errorBody('not-found', `nothing at ${method} ${url}`));
  });
  app.setErrorHandler((error: Error & { statusCode?: number; code?: string }, request, reply) => {
    if (error instanceof HttpError) {
      if (error.code === 'busy') reply.header('retry-after', BUSY_S);
      if (TOLD.has(error.code))
        log.warn({ from: request.ip, url: request.url }, `refused: ${error.message}`, error.code);
      reply.code(error.status).send(errorBody(error.code, error.message, error.details));
    } else if (error.statusCode !== undefined && error.statusCode < 500) {
      reply.code(error.statusCode).send(errorBody('bad-request', error.message));
    } else {
      sendFault(error, request, reply, log);
    }
  });
}

function sendFault(
  error: Error & { code?: string },
  { url, routeOptions }: FastifyRequest,
  reply: FastifyReply,
  log: LimitedLog,
): void {
  log.error({ err: error, url }, 'a call failed', `${error.name} ${error.code ?? ''} ${routeOptions.url ?? ''}`);
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
