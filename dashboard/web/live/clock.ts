/** The server's time on the page: a phone's own clock may be hours off. */
import { computed, signal } from '@preact/signals';

const TICK_MS = 1000;

const offsetMs = signal(0);
const localNow = signal(Date.now());

/** The server's clock, once a second. */
export const now = computed(() => localNow.value + offsetMs.value);
/** The phone's own clock, once a second: right for spans, wrong for dates. */
export const phoneNow = computed(() => localNow.value);

/** Each frame tells the server's time; what it needed to get here stays uncorrected. */
export function setServerTime(serverMs: number): void {
  offsetMs.value = serverMs - Date.now();
}

export function toServerTime(phoneMs: number): number {
  return phoneMs + offsetMs.peek();
}

export function startClock(): void {
  const tick = () => {
    localNow.value = Date.now();
  };
  setInterval(tick, TICK_MS);
  // Timers sleep in a background page; on return the age must be right at once.
  document.addEventListener('visibilitychange', tick);
}
