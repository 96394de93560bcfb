/** The `/live` socket (contract 4): a snapshot on every subscription, then the latest values at most four times a second. */
import type { Server as HttpServer, IncomingMessage } from 'node:http';
import { type Namespace, Server, type Socket } from 'socket.io';
import { type LiveValue, seriesKey } from '../model/reading.ts';
import type { AlarmDesk, LiveState, Simulator, Unsubscribe } from './ports.ts';
import { toAlarmWire, toLiveWire, type WireContext } from './to-wire.ts';
import type { ClientEvents, ServerEvents } from './wire.ts';

export interface LiveFeedDependencies {
  readonly live: LiveState;
  readonly alarms: AlarmDesk;
  readonly simulator: Simulator | null;
  readonly now: () => number;
}

export interface LiveFeed {
  stop(): Promise<void>;
}

const FRAME_MS = 250;
const HEARTBEAT_MS = 5_000;
/** A page that has this much unread is cut off; it comes back for a snapshot. */
const MAX_UNREAD_FRAMES = 200;
const MAX_ACTIVE_ALARMS = 1_000;
const ALL_SITES = 'all';

type LiveSocket = Socket<ClientEvents, ServerEvents>;

export function startLiveFeed(http: HttpServer, context: WireContext, dependencies: LiveFeedDependencies): LiveFeed {
  const { live, alarms, simulator, now } = dependencies;
  const io = new Server(http, { maxHttpBufferSize: 16 * 1024, serveClient: false, allowRequest: onlyOwnPage });
  const page: Namespace<ClientEvents, ServerEvents> = io.of('/live');
  /** Latest value per series since the last frame: a slow page skips values, it never queues them. */
  const changed = new Map<string, LiveValue>();
  let version = 0;

  function snapshot(socket: LiveSocket, site: string): void {
    const nowMs = now();
    const values = live.values().filter((value) => site === ALL_SITES || value.site === site);
    const active = alarms.list({
      activeOnly: true,
      from: 0,
      to: Number.MAX_SAFE_INTEGER,
      site: site === ALL_SITES ? undefined : site,
      limit: MAX_ACTIVE_ALARMS,
    });
    socket.emit('snapshot', {
      version,
      now: nowMs,
      values: values.map((value) => toLiveWire(value, nowMs)),
      alarms: active.map((alarm) => toAlarmWire(alarm, context)),
    });
    if (simulator) socket.emit('sim', simulator.status());
  }

  function sendFrame(): void {
    if (changed.size === 0) return;
    const nowMs = now();
    const all = [...changed.values()];
    changed.clear();
    version++;
    const bySite = Map.groupBy(all, (value) => value.site);
    for (const [site, values] of [[ALL_SITES, all] as const, ...bySite]) {
      const changes = values.map((value) => toLiveWire(value, nowMs));
      page.volatile.to(roomOf(site)).emit('values', { version, now: nowMs, changes });
    }
  }

  function dropFrozenPages(): void {
    for (const socket of page.sockets.values()) {
      const unread = (socket.conn as unknown as { writeBuffer?: unknown[] }).writeBuffer?.length ?? 0;
      if (unread > MAX_UNREAD_FRAMES) socket.disconnect(true);
    }
  }

  page.on('connection', (socket: LiveSocket) => {
    socket.on('subscribe', (request: unknown) => {
      const site = (request as { site?: unknown } | null)?.site;
      if (typeof site !== 'string' || (site !== ALL_SITES && !context.plant.sites.has(site))) return;
      for (const room of socket.rooms) if (room !== socket.id) socket.leave(room);
      socket.join(roomOf(site));
      snapshot(socket, site);
    });
  });

  const listening: Unsubscribe[] = [
    live.onChange((values) => {
      for (const value of values) changed.set(seriesKey(value.device, value.metric), value);
    }),
    alarms.onChange((alarm) =>
      page.to([roomOf(ALL_SITES), roomOf(alarm.site)]).emit('alarm', toAlarmWire(alarm, context)),
    ),
    simulator?.onProgress((status) => page.emit('sim', status)) ?? (() => undefined),
  ];
  const framing = setInterval(sendFrame, FRAME_MS);
  const beating = setInterval(() => {
    dropFrozenPages();
    page.volatile.emit('heartbeat', { version, now: now() });
  }, HEARTBEAT_MS);

  return {
    async stop() {
      clearInterval(framing);
      clearInterval(beating);
      for (const unsubscribe of listening) unsubscribe();
      await io.close();
    },
  };
}

/** A web page of another origin may not read along: browsers let it open a socket, so that is for us to refuse. */
function onlyOwnPage({ headers }: IncomingMessage, answer: (error: string | null, isAllowed: boolean) => void): void {
  const { origin, host } = headers;
  answer(null, origin === undefined || URL.parse(origin)?.host === host);
}

function roomOf(site: string): string {
  return `site:${site}`;
}
