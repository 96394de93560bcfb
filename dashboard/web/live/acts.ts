/** What a person does with an alarm. It is sent a moment later, so that a slip of the finger can be undone. */
import { computed, signal } from '@preact/signals';
import { askToSignIn } from './session.ts';

export type Act = 'acknowledge' | 'reset';

const UNDO_MS = 5_000;
const TIMEOUT_MS = 15_000;

interface Waiting {
  readonly act: Act;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** By the alarm's id. */
const waiting = signal<ReadonlyMap<string, Waiting>>(new Map());
export const failedActs = signal<ReadonlySet<string>>(new Set());
export const waitingActs = computed(() => new Set(waiting.value.keys()));

export function startAct(id: string, act: Act): void {
  failedActs.value = without(failedActs.peek(), id);
  const timer = setTimeout(() => void send(id, act), UNDO_MS);
  waiting.value = new Map(waiting.peek()).set(id, { act, timer });
}

export function undoAct(id: string): void {
  clearTimeout(waiting.peek().get(id)?.timer);
  forget(id);
}

/** A page that is closed meanwhile has not been told otherwise. */
export function startActs(): void {
  addEventListener('pagehide', () => {
    for (const [id, { act, timer }] of waiting.peek()) {
      clearTimeout(timer);
      void send(id, act);
    }
  });
}

/** The alarm itself comes back over the socket. */
async function send(id: string, act: Act): Promise<void> {
  try {
    const response = await fetch(`api/alarms/${encodeURIComponent(id)}/${act}`, {
      method: 'POST',
      keepalive: true,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status === 401) askToSignIn();
    // Somebody else may have been faster.
    if (!response.ok && response.status !== 409) throw new Error(`${response.status}`);
  } catch {
    failedActs.value = new Set(failedActs.peek()).add(id);
  } finally {
    forget(id);
  }
}

function forget(id: string): void {
  const rest = new Map(waiting.peek());
  rest.delete(id);
  waiting.value = rest;
}

function without(ids: ReadonlySet<string>, id: string): ReadonlySet<string> {
  return new Set([...ids].filter((each) => each !== id));
}
