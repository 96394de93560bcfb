/** Planned works and known flows that are not over. The socket does not tell of them. */
import { computed, signal } from '@preact/signals';
import type { Work } from '../../../model/work.ts';
import { fetchWorks } from './api.ts';
import { now } from './clock.ts';
import { connections } from './feed.ts';

const REFRESH_MS = 60_000;

const loaded = signal<readonly Work[]>([]);

/** Changes when one ends, and not with every second. */
const overCount = computed(() => loaded.value.filter(({ to }) => to <= now.value).length);

/** The soonest to end first. */
export const works = computed(() => loaded.value.slice(overCount.value).filter(({ cancelled }) => cancelled === null));

export const worksOfZone = (zone: string): readonly Work[] => works.value.filter(({ scope }) => scope.zone === zone);

/** Never rejects: the page keeps what it has, and the connection sign tells of the link. */
export async function loadWorks(): Promise<void> {
  loaded.value = await fetchWorks().catch(() => loaded.peek());
}

/** Asks after every connection, and now and then for what colleagues have written down. */
export function startWorks(): void {
  connections.subscribe((count) => {
    if (count > 0) void loadWorks();
  });
  setInterval(() => {
    if (document.visibilityState === 'visible' && connections.peek() > 0) void loadWorks();
  }, REFRESH_MS);
}
