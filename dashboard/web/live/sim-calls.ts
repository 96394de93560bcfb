/** What the page asks of the simulator. */
import type { ErrorWire, SimDetailWire } from '../../wire.ts';

const TIMEOUT_MS = 15_000;

/** The server's own sentence, where it has refused. */
export class RefusedError extends Error {}

export function fetchSimDetail(): Promise<SimDetailWire> {
  return call('GET', 'api/sim');
}

export function startFault(request: object): Promise<unknown> {
  return call('POST', 'api/sim/faults', request);
}

export function endFault(id: string): Promise<unknown> {
  return call('DELETE', `api/sim/faults/${encodeURIComponent(id)}`);
}

export function setPace(pace: {
  readonly speed?: number | 'max';
  readonly isPaused?: boolean;
  readonly stepS?: number;
}): Promise<unknown> {
  return call('POST', 'api/sim/pace', pace);
}

async function call<T>(method: string, address: string, body?: object): Promise<T> {
  const response = await fetch(address, {
    method,
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const answer = (await response.json()) as T & Partial<ErrorWire>;
  if (!response.ok) throw new RefusedError(answer.error?.message ?? `${response.status}`);
  return answer;
}
