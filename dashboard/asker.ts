/** Calls in turn. */
import type { FastifyRequest } from 'fastify';
import { networkOf } from '../model/network.ts';
import type { Asker, FairQueue } from './fair-queue.ts';

export function askerOf({ ip, raw }: Pick<FastifyRequest, 'ip' | 'raw'>): Asker {
  return { network: networkOf(ip), isGone: () => raw.socket.destroyed };
}

/** The same handler, when it is its turn. */
export function inTurn<R extends Pick<FastifyRequest, 'ip' | 'raw'>, T>(
  queue: FairQueue,
  handler: (request: R) => T | Promise<T>,
): (request: R) => Promise<T> {
  return (request) => queue.run(askerOf(request), () => handler(request));
}
