/** Signing in and out (contract 3.7). */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { actionsOf } from '../model/person.ts';
import { HttpError } from './http-error.ts';
import type { Accounts } from './ports.ts';
import { parse } from './query.ts';
import {
  type Actor,
  type Caller,
  deviceCookie,
  deviceToken,
  sessionCookie,
  sessionToken,
  type WhoIs,
} from './who-is.ts';
import type { SessionWire } from './wire.ts';

export interface SessionRoutesOptions {
  readonly accounts: Accounts;
  readonly whoIs: WhoIs;
}

const CLOSED = 'the people of this server are lost, so nobody is let in; /api/health says what to do at the server';

const credentialsSchema = z.strictObject({ user: z.string().min(1).max(100), password: z.string().min(1).max(1000) });

export function addSessionRoutes(app: FastifyInstance, { accounts, whoIs }: SessionRoutesOptions): void {
  app.get('/api/session', (request, reply) => {
    const session = withClosure(sessionOf(whoIs(request)));
    // A browser forgets the cookie by its own clock: each look moves that on, too.
    if (session.via === 'session') reply.header('set-cookie', sessionCookie(sessionToken(request.headers)));
    return reply.header('cache-control', 'no-store').send(session);
  });
  app.post('/api/session', async (request, reply) => {
    const { user, password } = parse(credentialsSchema, request.body ?? {});
    if (accounts.isClosed?.()) throw new HttpError(503, 'access-closed', CLOSED);
    const from = { address: request.ip, device: deviceToken(request.headers, user) };
    const outcome = await accounts.signIn(user, password, from);
    if (outcome.kind === 'refused') throw new HttpError(401, 'wrong-password', 'no such user, or another password');
    if (outcome.kind === 'too-many') {
      const waitS = Math.ceil(outcome.waitMs / 1000);
      reply.header('retry-after', waitS);
      throw new HttpError(429, 'too-many-attempts', `too many attempts; try again in ${waitS} s`);
    }
    const { token, device, person } = outcome;
    const session = sessionOf({ name: person.name, role: person.role, via: 'session' });
    const cookies = [sessionCookie(token), deviceCookie(person.name, device)];
    return reply.header('set-cookie', cookies).send(session);
  });
  app.delete('/api/session', (request, reply) => {
    const token = sessionToken(request.headers);
    if (token !== null) accounts.signOut(token);
    return reply
      .header('set-cookie', sessionCookie(null))
      .send(withClosure(sessionOf(whoIs({ ip: request.ip, headers: withoutCookie(request) }))));
  });

  function withClosure(session: SessionWire): SessionWire {
    return accounts.isClosed?.() ? { ...session, closed: 'people-lost' } : session;
  }
}

function sessionOf(actor: Actor | null): SessionWire {
  const { name = null, role = 'viewer', via = null } = actor ?? {};
  return { user: name, role, may: actionsOf(role), via };
}

const withoutCookie = ({ headers: { cookie: _, ...headers } }: Caller): Caller['headers'] => headers;
