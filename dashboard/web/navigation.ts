/** Which view is shown; going back returns to the same scroll place. */
import { signal } from '@preact/signals';
import { OVERVIEW, type Route, routeOf } from './route.ts';

export const route = signal<Route>(routeOf(location.hash));

let overviewScroll = 0;
let hasComeFromOverview = false;

export function startNavigation(): void {
  history.scrollRestoration = 'manual';
  addEventListener('hashchange', () => {
    const next = routeOf(location.hash);
    const previous = route.peek();
    if (previous.view === 'overview') {
      overviewScroll = scrollY;
      hasComeFromOverview = next.view !== 'overview';
    }
    route.value = next;
    // After the views have changed places.
    requestAnimationFrame(() => scrollTo(0, next.view === 'overview' ? overviewScroll : 0));
  });
}

/** Back to the overview: by the browser's history where that is where one came from. */
export function goBack(): void {
  if (hasComeFromOverview) history.back();
  else location.hash = OVERVIEW;
}
