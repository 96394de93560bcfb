/** Addresses of the page's views, as a colleague may be sent them. Pure. */
import type { SeriesRef } from './view/plant-view.ts';

export type Route = { readonly view: 'overview' } | { readonly view: 'series'; readonly ref: SeriesRef };

export const OVERVIEW = '#/';

export function routeOf(hash: string): Route {
  const [, view, device, metric] = hash.replace(/^#/, '').split('/');
  if (view !== 'series' || !device || !metric) return { view: 'overview' };
  return { view: 'series', ref: { device: decode(device), metric: decode(metric) } };
}

export function seriesAddress(ref: SeriesRef): string {
  return `#/series/${encodeURIComponent(ref.device)}/${encodeURIComponent(ref.metric)}`;
}

/** A mistyped address is no reason to fail. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
