/** The `/live` socket (contract 4): a snapshot on every subscription, then the latest values at most four times a second. */
import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { type Namespace, Server, type Socket } from 'socket.io';
import type { Alarm } from '../model/alarm.ts';
import type { DeviceId, MetricName } from '../model/ids.ts';
import type { LiveValue } from '../model/reading.ts';
import { createAlarmWriter } from './alarm-wire.ts';
import type { AlarmDesk, LiveState, Simulator, Unsubscribe } from './ports.ts';
import { toLiveWire, toSimWire, type WireContext } from './to-wire.ts';
import { isOwnPage } from './who-is.ts';
import type { ClientEvents, ServerEvents } from './wire.ts';

export interface LiveFeedDependencies {
  readonly live: LiveState;
  readonly alarms: Pick<AlarmDesk, 'list' | 'children' | 'onChange'>;
  readonly simulator: Simulator | null;
  readonly now: () => number;
}

export interface LiveFeed {
  stop(): Promise<void>;
}

const FRAME_MS = 250;
const HEARTBEAT_MS = 5_000;
/** A page that has this much unread is cut off; it comes back for a snapshot. */
const MAX_UNREAD_PACKETS = 200;
const MAX_ACTIVE_ALARMS = 1_000;
/** More alarms than this in a frame, and a snapshot says it shorter. */
const MAX_ALARMS_APART = 50;
const ALL_SITES = 'all';

/** The latest of each series; a key of both ids would have to be made for every value. */
type Latest = Map<DeviceId, Map<MetricName, LiveValue>>;
type LiveSocket = Socket<ClientEvents, ServerEvents>;

/** What a page has yet to be sent: the latest of each series and alarm. A slow page skips some, it never queues them, and misses no last one. */
interface Reader {
  readonly site: string;
  readonly unsent: Latest;
  readonly unsentAlarms: Map<string, Alarm>;
}

export function startLiveFeed(http: HttpServer, context: WireContext, dependencies: LiveFeedDependencies): LiveFeed {
  const { live, alarms, simulator, now } = dependencies;
  const io = new Server(http, { maxHttpBufferSize: 16 * 1024, serveClient: false, allowRequest: onlyOwnPage });
  const page: Namespace<ClientEvents, ServerEvents> = io.of('/live');
  const readers = new Map<LiveSocket, Reader>();
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

  function subscribe(socket: LiveSocket, site: string): void {
    readers.set(socket, { site, unsent: new Map(), unsentAlarms: new Map() });
    const nowMs = now();
    const values = live.values().filter((value) => isFor(site, value.site));
    const children = alarms.children();
    socket.emit('snapshot', {
      version,
      now: nowMs,
      values: values.map((value) => toLiveWire(value, nowMs)),
      alarms: standing(site).map((alarm) => writeAlarm(alarm, children)),
    });
    if (simulator) socket.emit('sim', toSimWire(simulator));
  }

  function note(values: readonly LiveValue[]): void {
    version++;
    for (const { site, unsent } of readers.values()) {
      for (const value of values) if (isFor(site, value.site)) put(unsent, value);
    }
  }

  function noteAlarm(alarm: Alarm): void {
    for (const { site, unsentAlarms } of readers.values()) {
      if (alarm.site === null || isFor(site, alarm.site)) unsentAlarms.set(alarm.id, alarm);
    }
  }

  function sendFrames(): void {
    for (const [socket, reader] of readers) {
      // Not a volatile frame: that is dropped for good where the page is between two polls, or its link is slow.
      if (unread(socket) > 0) continue;
      if (reader.unsentAlarms.size > MAX_ALARMS_APART) {
        subscribe(socket, reader.site);
      } else {
        sendAlarms(socket, reader);
        sendValues(socket, reader);
      }
    }
  }

  function sendAlarms(socket: LiveSocket, { unsentAlarms }: Reader): void {
    if (unsentAlarms.size === 0) return;
    const children = alarms.children();
    for (const alarm of unsentAlarms.values()) socket.emit('alarm', writeAlarm(alarm, children));
    unsentAlarms.clear();
  }

  function sendValues(socket: LiveSocket, { unsent }: Reader): void {
    if (unsent.size === 0) return;
    const nowMs = now();
    const changes = [...unsent.values()].flatMap((of) => [...of.values()].map((value) => toLiveWire(value, nowMs)));
    unsent.clear();
    socket.emit('values', { version, now: nowMs, changes });
  }

  function beat(): void {
    for (const socket of page.sockets.values()) {
      const waiting = unread(socket);
      if (waiting === 0) socket.emit('heartbeat', { version, now: now() });
      if (waiting > MAX_UNREAD_PACKETS) socket.disconnect(true);
    }
  }

  page.on('connection', (socket: LiveSocket) => {
    socket.on('disconnect', () => readers.delete(socket));
    socket.on('subscribe', (request: unknown) => {
      const site = (request as { site?: unknown } | null)?.site;
      if (typeof site === 'string' && (site === ALL_SITES || context.plant.sites.has(site))) subscribe(socket, site);
    });
  });

  const listening: Unsubscribe[] = [
    live.onChange(note),
    alarms.onChange(noteAlarm),
    simulator?.onProgress(() => page.emit('sim', toSimWire(simulator))) ?? (() => undefined),
  ];
  const framing = setInterval(sendFrames, FRAME_MS);
  const beating = setInterval(beat, HEARTBEAT_MS);

  return {
    async stop() {
      clearInterval(framing);
      clearInterval(beating);
      for (const unsubscribe of listening) unsubscribe();
      await io.close();
    },
  };
}

function put(latest: Latest, value: LiveValue): void {
  const ofDevice = latest.get(value.device);
  if (ofDevice) ofDevice.set(value.metric, value);
  else latest.set(value.device, new Map([[value.metric, value]]));
}

function isFor(subscribed: string, site: string): boolean {
  return subscribed === ALL_SITES || subscribed === site;
}

/** Packets that wait in the server for the page to take them. */
function unread(socket: LiveSocket): number {
  return (socket.conn as unknown as { writeBuffer?: unknown[] }).writeBuffer?.length ?? 0;
}

function onlyOwnPage({ headers }: IncomingMessage, answer: (error: string | null, isAllowed: boolean) => void): void {
  answer(null, isOwnPage(headers));
}
