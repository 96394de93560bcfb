/** What people do on the page, and how far it has come: nothing is done before the server has said so. */
import { signal } from '@preact/signals';
import type { TextKey } from '../i18n/catalogue.ts';
import { call, type Method, RefusedError } from './call.ts';
import { askAgain, askToSignIn } from './session.ts';

export interface Act {
  /** Of the button: one act at a time. */
  readonly key: string;
  readonly method?: Method;
  readonly address: string;
  readonly body?: object;
  /** Takes over what the server says. */
  readonly onDone: (answer: unknown) => unknown;
  /** Asks for how things are: they are not as the page believed. */
  readonly onChanged: () => unknown;
}

/** In words, and in the server's own where there are none. */
export interface ActFailure {
  readonly why: TextKey;
  readonly said: string;
}

type ActState =
  | { readonly kind: 'waiting'; readonly act: Act; readonly timer: ReturnType<typeof setTimeout> }
  | { readonly kind: 'sending' }
  | { readonly kind: 'failed'; readonly failure: ActFailure };

const UNDO_MS = 5_000;

const states = signal<ReadonlyMap<string, ActState>>(new Map());

/** Undefined: nothing is under way, and nothing has failed. */
export const actState = (key: string): ActState | undefined => states.value.get(key);

export function actFailure(key: string): ActFailure | null {
  const state = actState(key);
  return state?.kind === 'failed' ? state.failure : null;
}

/** Sent a moment later, so that a slip of the finger can be undone. */
export function startAct(act: Act): void {
  put(act.key, { kind: 'waiting', act, timer: setTimeout(() => void sendAct(act), UNDO_MS) });
}

export function undoAct(key: string): void {
  const state = states.peek().get(key);
  if (state?.kind !== 'waiting') return;
  clearTimeout(state.timer);
  put(key, null);
}

/** A page that is closed meanwhile has not been told otherwise. */
export function startActs(): void {
  addEventListener('pagehide', () => {
    for (const state of states.peek().values()) {
      if (state.kind !== 'waiting') continue;
      clearTimeout(state.timer);
      void sendAct(state.act);
    }
  });
}

/** Whether the server has done it. */
export async function sendAct({ key, method = 'POST', address, body, onDone, onChanged }: Act): Promise<boolean> {
  put(key, { kind: 'sending' });
  try {
    await onDone(await call(method, address, body));
    put(key, null);
    return true;
  } catch (error) {
    const status = error instanceof RefusedError ? error.status : null;
    if (status === 401) askToSignIn();
    if (status === 403) askAgain();
    if (status === 404 || status === 409) await onChanged();
    put(key, { kind: 'failed', failure: { why: WHY[status ?? 0] ?? 'refused', said: (error as Error).message } });
    return false;
  }
}

/** By the status of the answer; 0: there was none. */
const WHY: Readonly<Record<number, TextKey>> = {
  0: 'noAnswer',
  401: 'signInFirst',
  403: 'notAllowed',
  404: 'changedMeanwhile',
  409: 'changedMeanwhile',
};

function put(key: string, state: ActState | null): void {
  const next = new Map(states.peek());
  if (state) next.set(key, state);
  else next.delete(key);
  states.value = next;
}
