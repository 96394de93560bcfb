/** Who acts, and whether the call comes from the server's own page. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type Action, may, type Role } from '../model/person.ts';
import { HttpError } from './http-error.ts';
import type { Accounts } from './ports.ts';

export interface Actor {
  /** As the journal names it. */
  readonly name: string;
  readonly role: Role;
  readonly via: 'session' | 'command-line' | 'loopback';
}

/** What is known of a call. */
export interface Caller {
  /** Of the connection. */
  readonly ip: string;
  readonly headers: IncomingHttpHeaders;
}

/** Null: nobody that may act. */
export type WhoIs = (caller: Caller) => Actor | null;

const COOKIE = 'aimak-session';
/** As long as a session that is not used. */
const COOKIE_S = 30 * 86_400;
/** With the person's name behind it: several may use one computer. */
const DEVICE_COOKIE = 'aimak-device-';
/** The longest that browsers keep one. */
const DEVICE_COOKIE_S = 400 * 86_400;

/** Whoever is signed in, or holds the token of this run; while nobody can sign in, whoever sits at the server. */
export function createWhoIs(accounts: Accounts, runToken: string | null): WhoIs {
  return (caller) => {
    if (runToken !== null && bears(caller.headers, runToken))
      return { name: 'cli', role: 'admin', via: 'command-line' };
    const token = sessionToken(caller.headers);
    const person = token === null ? undefined : accounts.ofSession(token);
    if (person) return { name: person.name, role: person.role, via: 'session' };
    return accounts.canAnybodySignIn() ? null : loopbackIsAdmin(caller);
  };
}

/** Hashes are of one length, and compared in the same time whatever is in them. */
function bears({ authorization }: IncomingHttpHeaders, token: string): boolean {
  if (authorization === undefined) return false;
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(authorization), hash(`Bearer ${token}`));
}

export function sessionToken(headers: IncomingHttpHeaders): string | null {
  return cookieOf(headers, COOKIE);
}

/** What says that this person has signed in on this device before: it lets nobody in, and outlives the session. */
export function deviceToken(headers: IncomingHttpHeaders, person: string): string | null {
  return cookieOf(headers, DEVICE_COOKIE + person);
}

export function deviceCookie(person: string, token: string): string {
  return `${DEVICE_COOKIE}${person}=${token}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${DEVICE_COOKIE_S}`;
}

function cookieOf({ cookie = '' }: IncomingHttpHeaders, wanted: string): string | null {
  const pairs = cookie.split(';').map((pair) => pair.trim().split('='));
  return pairs.find(([name]) => name === wanted)?.[1] || null;
}

/** `null` takes it away. No script reads it, and no page of elsewhere sends it along. */
export function sessionCookie(token: string | null): string {
  const [value, ageS] = token === null ? ['', 0] : [token, COOKIE_S];
  return `${COOKIE}=${value}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${ageS}`;
}

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/;
const LOCAL_NAME = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/;

/**
 * While there are no users, whoever sits at the server is admin. Not so who comes through a proxy on it, nor a page
 * of elsewhere whose name points to this machine: it would bear that name in `Host`.
 */
export const loopbackIsAdmin: WhoIs = ({ ip, headers }) => {
  const isForwarded = headers.forwarded !== undefined || headers['x-forwarded-for'] !== undefined;
  const isLocal = LOOPBACK.test(ip) && LOCAL_NAME.test(headers.host ?? '');
  return isLocal && !isForwarded ? { name: 'admin', role: 'admin', via: 'loopback' } : null;
};

/** A browser says where a call comes from; other programs need not. */
export function isOwnPage({ origin, host, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  return origin === undefined || URL.parse(origin)?.host === host;
}

/** The one place where a role is asked for. */
export function expectActor(whoIs: WhoIs, caller: Caller, action: Action): Actor {
  const actor = whoIs(caller);
  if (!actor)
    throw new HttpError(
      401,
      'not-signed-in',
      'only whoever is signed in may do this; without users, at the server itself',
    );
  if (!may(actor.role, action)) throw new HttpError(403, 'not-allowed', `a ${actor.role} may not do this`);
  return actor;
}
