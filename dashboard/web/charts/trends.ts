/** Histories that the page shows: loaded once, kept up with live values, asked for again at most once a minute. */
import { effect, type Signal, signal } from '@preact/signals';
import type { LiveWire } from '../../wire.ts';
import { fetchHistory, type HistoryRequest } from '../live/api.ts';
import { now } from '../live/clock.ts';
import { isBackfilling, liveOf } from '../live/feed.ts';
import { isYesNo } from '../live/plant-store.ts';
import { keyOf, type SeriesRef } from '../view/plant-view.ts';
import { createQueue } from './queue.ts';
import { type ChartPoint, toChartPoints, withLive } from './series-points.ts';

export const RANGES = ['24h', '7d', '14d'] as const;
export type Range = (typeof RANGES)[number];

const HOUR_MS = 3_600_000;
export const RANGE_MS: Readonly<Record<Range, number>> = {
  '24h': 24 * HOUR_MS,
  '7d': 168 * HOUR_MS,
  '14d': 336 * HOUR_MS,
};
const REFRESH_MS = 60_000;
/** While the simulator delivers the past, the picture grows before one's eyes. */
const BACKFILL_REFRESH_MS = 4_000;
const RETRY_MS = 10_000;

export interface Trend {
  readonly status: 'loading' | 'ready' | 'error';
  readonly points: readonly ChartPoint[];
  readonly bucketMs: number;
}

export interface TrendRequest {
  readonly ref: SeriesRef;
  readonly range: Range;
  /** The most points that are of use: half the width in pixels. */
  readonly points: number;
  readonly detail: 'minmax' | 'mean';
}

interface Entry {
  readonly request: TrendRequest;
  readonly trend: Signal<Trend>;
  users: number;
  askedAt: number;
  isAsking: boolean;
}

const entries = new Map<string, Entry>();
// A phone's link carries three requests at a time well, thirty badly.
const enqueue = createQueue(3);

/** The trend of a request, shared by all who show it, and kept up to date between `keep` and `release`. */
export function holdTrend(request: TrendRequest): { trend: Signal<Trend>; keep: () => void; release: () => void } {
  const key = [keyOf(request.ref), request.range, request.points, request.detail].join('|');
  const entry = entries.get(key) ?? createEntry(request);
  entries.set(key, entry);
  const keep = () => {
    entry.users++;
    refresh(entry);
  };
  const release = () => {
    entry.users--;
  };
  return { trend: entry.trend, keep, release };
}

function createEntry(request: TrendRequest): Entry {
  const trend = signal<Trend>({ status: 'loading', points: [], bucketMs: 0 });
  // Between two loads each new value is put behind, so that the line ends where the number stands.
  effect(() => {
    const reading = liveOf(request.ref).value;
    if (reading && trend.peek().status === 'ready') trend.value = extended(trend.peek(), reading);
  });
  return { request, trend, users: 0, askedAt: 0, isAsking: false };
}

function extended(trend: Trend, reading: LiveWire): Trend {
  const value = reading.value === null ? null : Number(reading.value);
  const points = withLive(trend.points, reading.ts, value);
  return points === trend.points ? trend : { ...trend, points };
}

export function startTrends(): void {
  const refreshAll = () => {
    if (document.visibilityState !== 'visible') return;
    for (const entry of entries.values()) if (entry.users > 0) refresh(entry);
  };
  setInterval(refreshAll, 1_000);
  document.addEventListener('visibilitychange', refreshAll);
}

/** Asks anew whatever failed, at the reader's wish. */
export function retryFailed(): void {
  for (const entry of entries.values()) {
    if (entry.trend.peek().status === 'error') entry.askedAt = 0;
  }
}

function refresh(entry: Entry): void {
  const pause = pauseOf(entry.trend.peek());
  if (entry.isAsking || Date.now() - entry.askedAt < pause) return;
  entry.isAsking = true;
  entry.askedAt = Date.now();
  void enqueue(() => load(entry)).finally(() => {
    entry.isAsking = false;
  });
}

function pauseOf(trend: Trend): number {
  if (isBackfilling.peek()) return BACKFILL_REFRESH_MS;
  return trend.status === 'error' ? RETRY_MS : REFRESH_MS;
}

async function load(entry: Entry): Promise<void> {
  const to = now.peek();
  const { ref, range, points, detail } = entry.request;
  const aggregate: HistoryRequest['aggregate'] = isYesNo(ref.metric) ? 'last' : detail;
  try {
    const history = await fetchHistory({ ref, from: to - RANGE_MS[range], to, points, aggregate });
    const loaded: Trend = { status: 'ready', points: toChartPoints(history, to), bucketMs: history.bucketMs };
    const reading = liveOf(ref).peek();
    entry.trend.value = reading ? extended(loaded, reading) : loaded;
  } catch {
    // What was loaded before stays; only an empty picture has to explain itself.
    if (entry.trend.peek().status !== 'ready') entry.trend.value = { ...entry.trend.peek(), status: 'error' };
  }
}
