/** The `/live` socket (contract 4): a snapshot on every subscription, then the latest values at most four times a second. */
import type { Server as HttpServer } from 'node:http';
import { type Namespace, Server, type Socket } from 'socket.io';
import type { Alarm } from '../model/alarm.ts';
import type { Log } from '../model/log.ts';
import type { LiveValue } from '../model/reading.ts';
import { createAlarmWriter } from './alarm-wire.ts';
import { createPaced } from './paced.ts';
import { guardPages, PAGE_LIMITS, type PageLimits } from './page-guard.ts';
import { createPageReader, noteAlarmOf, noteValue, type PageReader, takeValues } from './page-reader.ts';
import type { AlarmDesk, LiveState, Simulator, Unsubscribe } from './ports.ts';
import { toLiveWire, toSimWire, type WireContext } from './to-wire.ts';
import { isOwnPage } from './who-is.ts';
import type { ClientEvents, ServerEvents } from './wire.ts';

export interface LiveFeedDependencies {
  readonly live: LiveState;
  readonly alarms: Pick<AlarmDesk, 'list' | 'children' | 'onChange'>;
  readonly simulator: Simulator | null;
  readonly log: Pick<Log, 'error'>;
  readonly now: () => number;
  readonly uptimeMs?: () => number;
  readonly limits?: PageLimits;
}

export interface LiveFeed {
  stop(): Promise<void>;
}

export const SOCKET_PATH = '/socket.io/';
const FRAME_MS = 250;
const HEARTBEAT_MS = 5_000;
/** A page that has had something unread for this long is cut off; it comes back for a snapshot. */
const UNREAD_MS = 60_000;
/** From the connection until it has asked for the namespace: on a bad line that is a few round trips. */
const JOIN_WITHIN_MS = 20_000;
const MAX_ACTIVE_ALARMS = 1_000;
/** Series that are kept for pages which have not read yet, of all pages together. */
const MAX_UNSENT = 500_000;
/** Of one page, however many there are. */
const MIN_UNSENT = 500;
const ALL_SITES = 'all';

type LiveSocket = Socket<ClientEvents, ServerEvents>;

export function startLiveFeed(http: HttpServer, context: WireContext, dependencies: LiveFeedDependencies): LiveFeed {
  const { live, alarms, simulator, log, now, uptimeMs = () => performance.now(), limits = PAGE_LIMITS } = dependencies;
  const io = new Server(http, {
    maxHttpBufferSize: 16 * 1024,
    connectTimeout: JOIN_WITHIN_MS,
    serveClient: false,
    // connections.ts closes what is no page, and at once.
    destroyUpgrade: false,
    allowRequest: (request, answer) => answer(null, isOwnPage(request.headers) && isRoom(request)),
  });
  const isRoom = guardPages(io, limits, uptimeMs);
  const page: Namespace<ClientEvents, ServerEvents> = io.of('/live');
  const readers = new Map<LiveSocket, PageReader>();
  const unreadSince = new WeakMap<LiveSocket, number>();
  const writeAlarm = createAlarmWriter(context);
  let version = 0;

  /** What is open, and what somebody has set aside though it is over. */
  function standing(site: string): readonly Alarm[] {
    const of = site === ALL_SITES ? undefined : site;
    const query = { from: 0, to: Number.MAX_SAFE_INTEGER, site: of };
    const muted = alarms.list({ ...query, activeOnly: false, mutedOnly: true, limit: Number.MAX_SAFE_INTEGER });
    const open = alarms.list({ ...query, activeOnly: true, limit: MAX_ACTIVE_ALARMS });
    return [...open, ...muted.filter(({ state }) => state === 'normal')];
  }

  /** Made and written once for all who wait for it: a page that has one unread waits longer. */
  const sendSnapshots = createPaced(() => {
    const due = [...readers].filter(([socket, reader]) => reader.isSnapshotDue && unread(socket) === 0);
    for (const [site, group] of Map.groupBy(due, ([, reader]) => reader.site)) {
      const nowMs = now();
      const values = live.values().filter((value) => isFor(site, value.site));
      const children = alarms.children();
      const pages = page.to(group.map(([socket]) => socket.id));
      pages.emit('snapshot', {
        version,
        now: nowMs,
        values: values.map((value) => toLiveWire(value, nowMs)),
        alarms: standing(site).map((alarm) => writeAlarm(alarm, children)),
      });
      if (simulator) pages.emit('sim', toSimWire(simulator));
      for (const [, reader] of group) Object.assign(reader, { isSnapshotDue: false, isSimUnsent: false });
    }
  }, uptimeMs);

  function askForSnapshots(): void {
    sendSnapshots().catch((err: Error) => {
      log.error({ err }, 'a snapshot could not be made');
      // A page that only hears that the server lives would show what it has as if it were true.
      for (const [socket, { isSnapshotDue }] of readers) if (isSnapshotDue) socket.disconnect(true);
    });
  }

  function note(values: readonly LiveValue[]): void {
    version++;
    const most = Math.max(MIN_UNSENT, MAX_UNSENT / readers.size);
    for (const reader of readers.values()) {
      for (const value of values) if (isFor(reader.site, value.site)) noteValue(reader, value, most);
    }
  }

  function noteAlarm(alarm: Alarm): void {
    for (const reader of readers.values()) {
      if (alarm.site === null || isFor(reader.site, alarm.site)) noteAlarmOf(reader, alarm);
    }
  }

  function sendFrames(): void {
    let isSnapshotDue = false;
    for (const [socket, reader] of readers) {
      // Not a volatile frame: that is dropped for good where the page is between two polls, or its link is slow.
      if (unread(socket) > 0) continue;
      isSnapshotDue ||= reader.isSnapshotDue;
      if (reader.isSnapshotDue) continue;
      sendAlarms(socket, reader);
      sendValues(socket, reader);
      if (simulator && reader.isSimUnsent) socket.emit('sim', toSimWire(simulator));
      reader.isSimUnsent = false;
    }
    if (isSnapshotDue) askForSnapshots();
  }

  function sendAlarms(socket: LiveSocket, { unsentAlarms }: PageReader): void {
    if (unsentAlarms.size === 0) return;
    const children = alarms.children();
    for (const alarm of unsentAlarms.values()) socket.emit('alarm', writeAlarm(alarm, children));
    unsentAlarms.clear();
  }

  function sendValues(socket: LiveSocket, reader: PageReader): void {
    if (reader.unsentCount === 0) return;
    const nowMs = now();
    const changes = takeValues(reader).map((value) => toLiveWire(value, nowMs));
    socket.emit('values', { version, now: nowMs, changes });
  }

  function beat(): void {
    const nowMs = uptimeMs();
    for (const socket of page.sockets.values()) {
      if (unread(socket) === 0) {
        unreadSince.set(socket, nowMs);
        socket.emit('heartbeat', { version, now: now() });
      } else if (nowMs - (unreadSince.get(socket) ?? nowMs) > UNREAD_MS) {
        // What it has not taken is thrown away: an ordinary end would wait until it has.
        socket.conn.close(true);
      }
    }
  }

  page.on('connection', (socket: LiveSocket) => {
    unreadSince.set(socket, uptimeMs());
    socket.on('disconnect', () => readers.delete(socket));
    socket.on('subscribe', (request: unknown) => {
      const site = (request as { site?: unknown } | null)?.site;
      if (typeof site !== 'string' || !(site === ALL_SITES || context.plant.sites.has(site))) return;
      readers.set(socket, createPageReader(site));
      askForSnapshots();
    });
  });

  const listening: Unsubscribe[] = [
    live.onChange(note),
    alarms.onChange(noteAlarm),
    simulator?.onProgress(() => {
      for (const reader of readers.values()) reader.isSimUnsent = true;
    }) ?? (() => undefined),
  ];
  const framing = setInterval(sendFrames, FRAME_MS);
  const beating = setInterval(beat, HEARTBEAT_MS);

  return {
    async stop() {
      clearInterval(framing);
      clearInterval(beating);
      for (const unsubscribe of listening) unsubscribe();
      readers.clear();
      endClosing(io);
      await io.close();
    },
  };
}

/** A session that polls and is being closed waits 30 s for its next poll, also where none comes: it would outlive the stop. */
function endClosing(io: { readonly engine: object }): void {
  const { clients } = io.engine as { clients?: Record<string, { transport: { shouldClose?: (() => void) | null } }> };
  for (const { transport } of Object.values(clients ?? {})) transport.shouldClose?.();
}

function isFor(subscribed: string, site: string): boolean {
  return subscribed === ALL_SITES || subscribed === site;
}

/** Packets that wait in the server for the page to take them; what a websocket has begun to send is one. */
function unread({ conn }: LiveSocket): number {
  const { writeBuffer, transport } = conn as unknown as {
    writeBuffer?: unknown[];
    transport: { name: string; writable: boolean };
  };
  const isSending = transport.name === 'websocket' && !transport.writable;
  return (writeBuffer?.length ?? 0) + (isSending ? 1 : 0);
}
