/** The embedded MQTT broker: aedes between gates of our own (docs/adr/0009). */
import { createServer, type Server } from 'node:net';
import { Readable } from 'node:stream';
import { Aedes, type AedesOptions, type PublishPacket } from 'aedes';
import { writeToStream } from 'mqtt-packet';
import { createLimitedLog, type LimitedLog } from '../model/limited-log.ts';
import type { Log } from '../model/log.ts';
import { createAnswers } from './answers.ts';
import { type Connection, tellOnce } from './connection.ts';
import { type Connections, createConnections } from './connections.ts';
import { createEmitter } from './emitter.ts';
import {
  createForwardGate,
  createPublishGate,
  createSignInGate,
  createSubscribeGate,
  giveUpFilters,
  isPlainFilter,
  type PublishGateParts,
} from './gates.ts';
import { createHold, type HoldCounts } from './hold.ts';
import { createIntake } from './intake.ts';
import { type BrokerLimits, DEFAULT_LIMITS } from './limits.ts';
import { createOutlet, type OutletCounts } from './outlet.ts';
import { createPartials } from './partials.ts';
import { createPot, type Pot } from './pot.ts';
import { createRetainedSender } from './retained-sender.ts';
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
  /** The session file proves to be damaged: sessions are kept in memory from now on. */
  readonly onDamage?: (reason: string) => void;
  /** Epoch ms, by which sessions and what is queued for them grow old. Default: the machine's clock. */
  readonly now?: () => number;
}

interface BrokerHealth extends SessionCounts {
  readonly clients: number;
  readonly connectionsRefused: number;
  /** Subscriptions, wills and client ids beyond their limits. */
  readonly refused: { readonly subscriptions: number; readonly signIns: number };
  /** Of packets that are not whole yet. */
  readonly partialBytes: number;
  /** Telemetry that waits for its commit. */
  readonly held: HoldCounts;
  /** `skipped`: messages that went to nobody, since too many deliveries were due already. */
  readonly slowSubscribers: OutletCounts & { readonly skipped: number };
}

export interface Broker {
  readonly port: number;
  clients(): number;
  health(): BrokerHealth;
  stop(): Promise<void>;
}

export async function startBroker(options: BrokerOptions, dependencies: BrokerDependencies): Promise<Broker> {
  const { onTelemetry, log: fullLog, now = Date.now, onDamage } = dependencies;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const log = createLimitedLog(fullLog, () => performance.now());
  const sessions = openSessions(
    { file: options.sessionFile ?? ':memory:', limits: options.sessionLimits ?? {}, isGranted: isPlainFilter },
    { log, now, ...(onDamage && { onDamage }) },
  );
  const pots = { filters: createPot(limits.filterBytes), wills: createPot(limits.wills) };
  const { hold, outlet, partials, connections } = createTraffic({ limits, pots, log });
  const mq = createEmitter();
  /** Most telemetry nobody has subscribed to. */
  const isWanted = ({ topic, retain }: PublishPacket): boolean =>
    retain || mq.isHeard(topic) || sessions.isHeard(topic);
  const forward = (packet: PublishPacket): void => aedes.publish(packet, nothing);
  const signIn = createSignInGate({ connections, limits, pot: pots.wills, log });
  const subscribe = createSubscribeGate({
    connections,
    maxFilters: limits.filters,
    pot: pots.filters,
    mayKeep: sessions.mayKeep,
    log,
  });
  const aedes: Aedes = await createAedes(limits, {
    mq,
    persistence: { ...sessions.persistence, createRetainedStreamCombi: () => Readable.from([]) },
    authenticate: signIn.gate,
    authorizePublish: createPublishGate({
      connections,
      hold,
      answers: createAnswers(),
      onTelemetry,
      isWanted,
      forward,
      log,
    }),
    authorizeSubscribe: subscribe.gate,
    authorizeForward: createForwardGate(connections, outlet),
  });
  followLives(aedes, { connections, sessions, pot: pots.filters, log });
  const { server, refused } = createDoor(aedes, { connections, maxConnections: limits.connections, log });

  async function end(): Promise<void> {
    await new Promise<void>((resolve) => aedes.close(resolve));
    connections.end();
    await sessions.close();
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
      refused: { subscriptions: subscribe.refused(), signIns: signIn.refused() },
      partialBytes: partials.bytes(),
      held: hold.counts(),
      slowSubscribers: { ...outlet.counts(), skipped: mq.dropped() },
      ...sessions.counts(),
    }),
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await end();
      await closed;
    },
  };
}

interface TrafficParts {
  readonly limits: BrokerLimits;
  readonly pots: { readonly filters: Pot; readonly wills: Pot };
  readonly log: LimitedLog;
}

function createTraffic({ limits, pots, log }: TrafficParts) {
  const watchlist = createWatchlist();
  const hold = createHold({ limits, watchlist, onRoom: () => intake.resume() });
  const partials = createPartials(limits, log);
  const intake = createIntake({ limits, hold, watchlist, partials });
  const outlet = createOutlet({ limits, watchlist, log });
  const onGone = ({ filterBytes, willBytes }: Connection): void => {
    pots.filters.give(filterBytes, filterBytes);
    pots.wills.give(willBytes, willBytes);
  };
  const connections = createConnections({
    hold,
    intake,
    outlet,
    watchlist,
    partials,
    limits,
    onGone,
    onSweep: log.tick,
    log,
  });
  return { hold, outlet, partials, connections };
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
  /** What the filters of clean sessions may cost. */
  readonly pot: Pot;
  readonly log: Log;
}

function followLives(aedes: Aedes, { connections, sessions, pot, log }: Lives): void {
  const sender = createRetainedSender(sessions.retained);
  const tell = (client: Parameters<Connections['of']>[0], { message }: Error): void => {
    const connection = connections.of(client);
    if (connection) tellOnce(connection, log, { held: connection.held?.size ?? 0, reason: message }, 'client lost');
  };
  aedes.on('clientError', tell);
  aedes.on('connectionError', tell);
  aedes.on('client', (client) => {
    connections.signedIn(client);
    sessions.setOnline(client.id, true);
  });
  aedes.on('clientDisconnect', ({ id }) => sessions.setOnline(id, false));
  aedes.on('subscribe', (subscriptions, client) => {
    const connection = connections.of(client);
    if (connection) sender.add(connection, subscriptions);
  });
  aedes.on('unsubscribe', (filters, client) => {
    const connection = connections.of(client);
    if (!connection) return;
    sender.remove(connection, filters);
    giveUpFilters(connection, filters, pot);
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
    log.warn({ maxConnections }, 'too many connections: this one and others are refused');
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
