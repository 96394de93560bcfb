/** What the page asks of the simulator. */
import type { SimDetailWire } from '../../wire.ts';
import { call } from './call.ts';

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
