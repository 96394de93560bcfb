/** What components need of the stores, in the form they need it. */
import { type ReadonlySignal, useComputed } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { holdTrend, type Trend, type TrendRequest } from './charts/trends.ts';
import { t } from './i18n/language.ts';
import { now } from './live/clock.ts';
import { liveOf, newestOf } from './live/feed.ts';
import { deviceOf } from './live/plant-store.ts';
import { judge, UNKNOWN_PACE, type ValueState, vouchedAt } from './view/age.ts';
import { ago } from './view/format.ts';
import { keyOf, type SeriesRef } from './view/plant-view.ts';

/** What may be said of a series now. */
export function stateOf(ref: SeriesRef): ValueState {
  return judge(liveOf(ref).value, deviceOf(ref.device) ?? UNKNOWN_PACE, newestOf(ref.device).value, now.value);
}

/** As `stateOf`; the component is drawn anew only when the answer changes, not with every second. */
export function useValueState(ref: SeriesRef): ValueState {
  return useComputed(() => stateOf(ref)).value;
}

/** `6 min ago`, in the language; drawn anew when the words change. */
export function useAgeText(ref: SeriesRef): string {
  return useComputed(() => {
    const live = liveOf(ref).value;
    if (!live) return '';
    const since = vouchedAt(live, deviceOf(ref.device) ?? UNKNOWN_PACE, newestOf(ref.device).value);
    const { key, n } = ago(now.value - since);
    return t(key, { n });
  }).value;
}

export function useTrend(request: TrendRequest): ReadonlySignal<Trend> {
  return useTrends([request])[0] as ReadonlySignal<Trend>;
}

export function useTrends(requests: readonly TrendRequest[]): readonly ReadonlySignal<Trend>[] {
  const key = requests.map((r) => `${keyOf(r.ref)}|${r.range}|${r.points}|${r.detail}`).join();
  // The key stands for the requests
  const held = useMemo(() => requests.map(holdTrend), [key]);
  useEffect(() => {
    for (const { keep } of held) keep();
    return () => {
      for (const { release } of held) release();
    };
  }, [held]);
  return held.map(({ trend }) => trend);
}

/** Width of an element in CSS pixels; 0 while it is hidden or not there yet. */
export function useWidth<E extends HTMLElement>() {
  const element = useRef<E>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!element.current) return;
    const observer = new ResizeObserver(([entry]) => {
      const next = Math.floor(entry?.contentRect.width ?? 0);
      if (next > 0) setWidth(next);
    });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return [element, width] as const;
}
