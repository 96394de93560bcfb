/** Live data: one socket, one signal per series, and the time of the last frame as the only proof of a link. */
import { batch, computed, type Signal, signal } from '@preact/signals';
import { io, type Socket } from 'socket.io-client';
import type { AlarmWire, ClientEvents, LiveWire, ServerEvents, SimWire } from '../../wire.ts';
import { keyOf, type SeriesRef } from '../view/plant-view.ts';
import { childrenByParent, withAlarm } from '../view/standing.ts';
import { fetchLatestAlarms } from './api.ts';
import { phoneNow, setServerTime } from './clock.ts';
import { linkState, WEAK_AFTER_MS } from './link-state.ts';

const RECONNECT_PAUSE_MS = 10_000;

const live = new Map<string, Signal<LiveWire | null>>();
const newest = new Map<string, Signal<number>>();
const lastFrameAt = signal<number | null>(null);
const startedAt = Date.now();
let version = -1;

/** Keys of all series that have a value. */
export const seenKeys = signal<ReadonlySet<string>>(new Set());
/** How many have brought a snapshot since the page was opened. A flood brings more of them. */
export const connections = signal(0);
export const isSnapshotHere = computed(() => connections.value > 0);
/** Open, or set aside by somebody. */
export const alarms = signal<readonly AlarmWire[]>([]);
const children = computed(() => childrenByParent(alarms.value));
/** What an alarm or a work explains, by its id. */
export const childrenOf = (id: string): readonly AlarmWire[] => children.value.get(id) ?? [];
export const lastReturnAt = signal<number | null>(null);
export const sim = signal<SimWire | null>(null);
export const link = computed(() => linkState(lastFrameAt.value, startedAt, phoneNow.value));
/** While the simulator delivers the past, its values are of that past: old, and nobody's fault. */
export const isBackfilling = computed(() => sim.value?.phase === 'backfill');
/** Phone time of the last frame. */
export const lastFrame = computed(() => lastFrameAt.value);

export function liveOf(ref: SeriesRef): Signal<LiveWire | null> {
  return entry(live, keyOf(ref), null);
}

/** The newest device time of any of its values: a sign of life. */
export function newestOf(device: string): Signal<number> {
  return entry(newest, device, 0);
}

export function startFeed(): void {
  const socket: Socket<ServerEvents, ClientEvents> = io('/live', {
    reconnectionDelay: 500,
    reconnectionDelayMax: 5_000,
    timeout: 8_000,
  });
  let isNewConnection = true;
  socket.on('connect', () => {
    isNewConnection = true;
    socket.emit('subscribe', { site: 'all' });
  });
  socket.on('snapshot', (frame) => {
    received(frame.now);
    version = frame.version;
    batch(() => {
      forgetAllBut(new Set(frame.values.map(keyOf)));
      store(frame.values);
      alarms.value = frame.alarms;
      if (isNewConnection) connections.value++;
      isNewConnection = false;
      void askLastReturn();
    });
  });
  socket.on('values', (frame) => {
    received(frame.now);
    // Sent before the snapshot, arrived after it.
    if (frame.version < version) return;
    version = frame.version;
    batch(() => store(frame.changes));
  });
  socket.on('alarm', (alarm) => {
    lastFrameAt.value = Date.now();
    takeAlarm(alarm);
  });
  socket.on('heartbeat', (frame) => received(frame.now));
  socket.on('sim', (state) => {
    sim.value = state;
  });
  watchLink(socket);
}

/** Since when all is well: alarms may have ended while nobody looked. Not worth a second try; the next snapshot asks. */
async function askLastReturn(): Promise<void> {
  const latest = await fetchLatestAlarms().catch(() => []);
  for (const alarm of latest) noteReturn(alarm);
}

function noteReturn({ returnedAt, isHistorical }: AlarmWire): void {
  if (returnedAt !== null && !isHistorical) lastReturnAt.value = Math.max(lastReturnAt.peek() ?? 0, returnedAt);
}

/** A phone back from the background, or on another network, keeps a dead socket for up to 45 s: replace it at once. */
function watchLink(socket: Socket<ServerEvents, ClientEvents>): void {
  let renewedAt = Date.now();
  const renewIfSilent = () => {
    if (document.visibilityState !== 'visible') return;
    if (Date.now() - (lastFrameAt.peek() ?? startedAt) <= WEAK_AFTER_MS) return;
    renewedAt = Date.now();
    socket.disconnect().connect();
  };
  document.addEventListener('visibilitychange', renewIfSilent);
  addEventListener('online', renewIfSilent);
  addEventListener('pageshow', renewIfSilent);
  setInterval(() => {
    if (link.peek() === 'blind' && Date.now() - renewedAt > RECONNECT_PAUSE_MS) renewIfSilent();
  }, 1_000);
}

function received(serverNow: number): void {
  lastFrameAt.value = Date.now();
  setServerTime(serverNow);
}

function store(values: readonly LiveWire[]): void {
  const unseen = values.filter((value) => !seenKeys.peek().has(keyOf(value)));
  if (unseen.length > 0) seenKeys.value = new Set([...seenKeys.peek(), ...unseen.map(keyOf)]);
  for (const value of values) {
    liveOf(value).value = value;
    const lastSign = newestOf(value.device);
    if (value.ts > lastSign.peek()) lastSign.value = value.ts;
  }
}

function forgetAllBut(known: ReadonlySet<string>): void {
  for (const [key, value] of live) if (!known.has(key)) value.value = null;
  if ([...seenKeys.peek()].some((key) => !known.has(key))) seenKeys.value = known;
}

export function takeAlarm(alarm: AlarmWire): void {
  alarms.value = withAlarm(alarms.peek(), alarm);
  noteReturn(alarm);
}

function entry<T>(map: Map<string, Signal<T>>, key: string, initial: T): Signal<T> {
  const found = map.get(key);
  if (found) return found;
  const made = signal(initial);
  map.set(key, made);
  return made;
}
