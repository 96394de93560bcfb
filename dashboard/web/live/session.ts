/** Who looks at the page, and whether they may act (contract 3.7). */
import { signal } from '@preact/signals';
import type { Action } from '../../../model/person.ts';
import type { SessionWire } from '../../wire.ts';
import { connections } from './feed.ts';

const TIMEOUT_MS = 15_000;

export type SignInFault = 'wrongPassword' | 'tooManyAttempts' | 'noAnswer';

/** Null: not known yet. */
export const session = signal<SessionWire | null>(null);
export const signInFault = signal<SignInFault | null>(null);
/** The form is open. */
export const isSigningIn = signal(false);

/** Whether whoever looks may; not before that is known. */
export const may = (action: Action): boolean => session.value?.may.includes(action) ?? false;

/** Asks after every connection: meanwhile access may have been closed, or opened. */
export function startSession(): void {
  connections.subscribe(askAgain);
}

export function askAgain(): void {
  void ask('GET').catch(() => undefined);
}

/** What was tried needs a name. */
export function askToSignIn(): void {
  isSigningIn.value = true;
  askAgain();
}

export async function signIn(user: string, password: string): Promise<void> {
  signInFault.value = null;
  try {
    const status = await ask('POST', { user, password });
    if (status < 300) isSigningIn.value = false;
    else signInFault.value = FAULTS[status] ?? 'noAnswer';
  } catch {
    signInFault.value = 'noAnswer';
  }
}

export function signOut(): void {
  void ask('DELETE').catch(() => undefined);
}

const FAULTS: Readonly<Record<number, SignInFault>> = { 401: 'wrongPassword', 429: 'tooManyAttempts' };

async function ask(method: string, body?: object): Promise<number> {
  const json = body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const response = await fetch('api/session', { method, ...json, signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (response.ok) session.value = (await response.json()) as SessionWire;
  return response.status;
}
