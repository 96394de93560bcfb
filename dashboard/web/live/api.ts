/** The HTTP side: what the socket does not push. Relative addresses, so that the page may live under any path. */
import type { DataFault } from '../../../model/data-fault.ts';
import type { Work } from '../../../model/work.ts';
import type { AlarmWire, HistoryWire, PlantWire, RuleWire, SimWire } from '../../wire.ts';
import type { SeriesRef } from '../view/plant-view.ts';

const TIMEOUT_MS = 15_000;

export interface HistoryRequest {
  readonly ref: SeriesRef;
  readonly from: number;
  readonly to: number;
  readonly points: number;
  readonly aggregate: 'minmax' | 'mean' | 'last';
}

export function fetchPlant(): Promise<PlantWire> {
  return getJson('api/plant');
}

/** Null where no simulator runs. */
export async function fetchSim(): Promise<SimWire | null> {
  try {
    return await getJson<SimWire>('api/sim');
  } catch {
    return null;
  }
}

/** The latest alarms, those that are over among them. */
export function fetchLatestAlarms(): Promise<readonly AlarmWire[]> {
  return getJson('api/alarms?state=all&limit=50');
}

export function fetchAlarm(id: string): Promise<AlarmWire> {
  return getJson(`api/alarms/${encodeURIComponent(id)}`);
}

export function fetchRules(): Promise<readonly RuleWire[]> {
  return getJson('api/rules');
}

/** The first hundred; health counts the rest. */
export async function fetchDataFaults(): Promise<readonly DataFault[]> {
  const { data } = await getJson<{ readonly data: { readonly first: readonly DataFault[] } }>('api/health');
  return data.first;
}

export function fetchWorks(): Promise<readonly Work[]> {
  return getJson('api/works');
}

export function fetchHistory(request: HistoryRequest): Promise<HistoryWire> {
  const { points, aggregate } = request;
  return getJson(
    `api/history?${rangeQuery(request.ref, request.from, request.to)}&points=${points}&aggregate=${aggregate}`,
  );
}

export function csvAddress(ref: SeriesRef, from: number, to: number): string {
  return `api/history.csv?${rangeQuery(ref, from, to)}`;
}

function rangeQuery(ref: SeriesRef, from: number, to: number): string {
  return new URLSearchParams({
    device: ref.device,
    metric: ref.metric,
    from: String(Math.round(from)),
    to: String(Math.round(to)),
  }).toString();
}

async function getJson<T>(address: string): Promise<T> {
  const response = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return response.json() as Promise<T>;
}
