/** The embedded MQTT broker: aedes between gates of our own (docs/adr/0009). */
import { createServer, type Server } from 'node:net';
import { Aedes, type AedesOptions, type PublishPacket } from 'aedes';
import { writeToStream } from 'mqtt-packet';
import type { Log } from '../model/log.ts';
import { createAnswers } from './answers.ts';
import { tellOnce } from './connection.ts';
import { type Connections, createConnections } from './connections.ts';
import { createEmitter } from './emitter.ts';
import {
  createForwardGate,
  createPublishGate,
  createSubscribeGate,
  isPlainFilter,
  type PublishGateParts,
} from './gates.ts';
import { createHold, type HoldCounts } from './hold.ts';
import { createIntake } from './intake.ts';
import { type BrokerLimits, DEFAULT_LIMITS } from './limits.ts';
import { createOutlet, type OutletCounts } from './outlet.ts';
import { type OpenSessions, openSessions, type SessionCounts } from './sessions/open-sessions.ts';
import type { SessionLimits } from './sessions/session-limits.ts';
import { createWatchlist } from './watchlist.ts';

// What aedes writes with: its table of all 65,536 numbers takes 20 MB, and the first client would wait for it.
writeToStream.cacheNumbers = false;

export interface BrokerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Where sessions and retained messages outlive the process; without it they do not. */
  readonly sessionFile?: string;
  readonly limits?: Partial<BrokerLimits>;
  readonly sessionLimits?: Partial<SessionLimits>;
}

export interface BrokerDependencies extends Pick<PublishGateParts, 'onTelemetry' | 'log'> {
  /** Epoch ms, by which sessions and what is queued for them grow old. Default: the machine's clock. */
  readonly now?: () => number;
}

interface BrokerHealth extends SessionCounts {
  readonly clients: number;
  readonly connectionsRefused: number;
  /** Telemetry that waits for its commit. */
  readonly held: HoldCounts;
  readonly slowSubscribers: OutletCounts;
}

export interface Broker {
  readonly port: number;
  clients(): number;
  health(): BrokerHealth;
  stop(): Promise<void>;
}

export async function startBroker(
  options: BrokerOptions,
  { onTelemetry, log, now = Date.now }: BrokerDependencies,
): Promise<Broker> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const sessions = openSessions(
    { file: options.sessionFile ?? ':memory:', limits: options.sessionLimits ?? {}, isGranted: isPlainFilter },
    { log, now },
  );
  const { hold, outlet, connections } = createTraffic(limits, log);
  const mq = createEmitter();
  /** Most telemetry nobody has subscribed to. */
  const isWanted = ({ topic, retain }: PublishPacket): boolean =>
    retain || mq.isHeard(topic) || sessions.isHeard(topic);
  const forward = (packet: PublishPacket): void => aedes.publish(packet, nothing);
  const aedes: Aedes = await createAedes(limits, {
    mq,
    persistence: sessions.persistence,
    authorizePublish: createPublishGate({
      connections,
      hold,
      answers: createAnswers(),
      onTelemetry,
      isWanted,
      forward,
      log,
    }),
    authorizeSubscribe: createSubscribeGate({ connections, maxFilters: limits.filters, log }),
    authorizeForward: createForwardGate(connections, outlet),
  });
  followLives(aedes, { connections, sessions, log });
  const { server, refused } = createDoor(aedes, { connections, maxConnections: limits.connections, log });

  async function end(): Promise<void> {
    await new Promise<void>((resolve) => aedes.close(resolve));
    connections.end();
    sessions.close();
  }

  const port = await listen(server, options).catch(async (error: Error) => {
    await end();
    throw error;
  });
  return {
    port,
    clients: () => aedes.connectedClients,
    health: () => ({
      clients: aedes.connectedClients,
      connectionsRefused: refused(),
      held: hold.counts(),
      slowSubscribers: outlet.counts(),
      ...sessions.counts(),
    }),
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await end();
      await closed;
    },
  };
}

function createTraffic(limits: BrokerLimits, log: Log) {
  const watchlist = createWatchlist();
  const hold = createHold({ limits, watchlist, onRoom: () => intake.resume() });
  const intake = createIntake({ limits, hold, watchlist, log });
  const outlet = createOutlet({ limits, watchlist, log });
  return { hold, outlet, connections: createConnections({ hold, intake, outlet, watchlist, log }) };
}

/** The outlet sees to whoever reads slowly; aedes would also end a connection that is merely never at rest. */
const NEVER_MS = 2 ** 31 - 1;
/** Packets in one chunk with CONNECT; the default of 42 ends the connection of a device that does not wait for CONNACK. */
const MAX_BEFORE_CONNACK = 65_536;

function createAedes(limits: BrokerLimits, parts: AedesOptions): Promise<Aedes> {
  return Aedes.createBroker({
    ...parts,
    concurrency: 0,
    connectTimeout: limits.connectTimeoutMs,
    drainTimeout: NEVER_MS,
    queueLimit: MAX_BEFORE_CONNACK,
  });
}

interface Lives {
  readonly connections: Connections;
  readonly sessions: OpenSessions;
  readonly log: Log;
}

function followLives(aedes: Aedes, { connections, sessions, log }: Lives): void {
  const tell = (client: Parameters<Connections['of']>[0], { message }: Error): void => {
    const connection = connections.of(client);
    if (connection) tellOnce(connection, log, { held: connection.held?.size ?? 0, reason: message }, 'client lost');
  };
  aedes.on('clientError', tell);
  aedes.on('connectionError', tell);
  aedes.on('client', ({ id }) => sessions.setOnline(id, true));
  aedes.on('clientDisconnect', ({ id }) => sessions.setOnline(id, false));
  aedes.on('unsubscribe', (_, client) => {
    const connection = connections.of(client);
    if (connection) connection.filters = Object.keys(connection.client.subscriptions).length;
  });
}

/** Finds out about peers that vanished without a word and asked for no keepalive of MQTT. */
const TCP_KEEPALIVE_MS = 60_000;

interface Door {
  readonly server: Server;
  refused(): number;
}

type DoorParts = Pick<Lives, 'connections' | 'log'> & { readonly maxConnections: number };

function createDoor(aedes: Aedes, { connections, maxConnections, log }: DoorParts): Door {
  let refused = 0;
  const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_KEEPALIVE_MS };
  const server = createServer(options, (socket) => connections.add(aedes.handle(socket)));
  server.maxConnections = maxConnections;
  server.on('drop', () => {
    refused++;
    if (refused === 1) log.warn({ maxConnections }, 'too many connections: this one and others are refused');
  });
  return { server, refused: () => refused };
}

function listen(server: Server, { host, port }: BrokerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

function nothing(): void {}
