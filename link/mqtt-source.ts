/**
 * Telemetry from a broker that others wrote, with the promise of our own: its PUBACK goes out once the reading is on disk
 * (docs/adr/0013). It starts at once and connects when it can.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../model/log.ts';
import { type DeviceTopic, INGEST_DEVICE, parseDeviceTopic, statusTopic } from '../model/topic.ts';
import { type BackoffOptions, createBackoff } from './mqtt-source/backoff.ts';
import { type ClaimOptions, type Claims, createClaims } from './mqtt-source/claims.ts';
import {
  type Connection,
  type ConnectionOptions,
  openConnection,
  type Packet,
  type Welcome,
} from './mqtt-source/connection.ts';
import { createHold, type HoldLimits } from './mqtt-source/hold.ts';
import { createSubscriptions, type Subscriptions, type SubscriptionTimes } from './mqtt-source/subscriptions.ts';

export interface MqttSourceOptions extends ConnectionOptions {
  /** Sites of which telemetry is taken. */
  readonly sites: readonly string[];
  /** One subscription a site; otherwise one over everything, also what nobody has declared. */
  readonly isBySite: boolean;
  /** Sites that other ingests take: whether those live is watched. */
  readonly otherSites: readonly string[];
  /** What the session at the broker may still hold from before. */
  readonly formerFilters: readonly string[];
  readonly limits?: Partial<HoldLimits>;
  readonly times?: Partial<MqttSourceTimes>;
}

interface MqttSourceTimes extends Omit<ClaimOptions, 'own' | 'owner'>, SubscriptionTimes, BackoffOptions {
  /** Between two looks at all that takes time. */
  readonly lookMs: number;
}

export interface MqttSourceDependencies {
  /** Resolves once the message may be acknowledged; a rejection brings it again later. */
  readonly onTelemetry: (topic: DeviceTopic, payload: Uint8Array) => Promise<void>;
  readonly log: Log;
}

export interface MqttSourceHealth {
  /** Without a password. */
  readonly url: string;
  readonly connected: boolean;
  /** What is wrong, in a sentence; null where nothing is. */
  readonly reason: string | null;
  /** Delivered and waiting for the disk. */
  readonly held: HoldLimits;
  readonly received: number;
  /** Connections that ended, or never stood, since the start. */
  readonly lost: number;
  /** Sites whose telemetry is taken. */
  readonly sites: readonly string[];
  /** Subscriptions that bring nothing, not even our own probe. */
  readonly silent: readonly string[];
  /** Sites of others whose ingest has fallen silent. */
  readonly gone: readonly string[];
}

export interface MqttSource {
  /** Each subscription stands, or cannot: what is published from then on is not lost for want of one. */
  readonly ready: Promise<void>;
  health(): MqttSourceHealth;
  stop(): Promise<void>;
}

const MIB = 1024 * 1024;
const LIMITS: HoldLimits = { messages: 20_000, bytes: 64 * MIB };
const TIMES: MqttSourceTimes = {
  lookMs: 1_000,
  leaseMs: 60_000,
  renewMs: 20_000,
  settleMs: 2_000,
  probeMs: 30_000,
  retryMs: 60_000,
  firstMs: 1_000,
  longestMs: 30_000,
};
/** A connection that stood for less may have ended for the same reason as the one before. */
const STOOD_MS = 10_000;

export function startMqttSource(options: MqttSourceOptions, dependencies: MqttSourceDependencies): MqttSource {
  const { log } = dependencies;
  const times = { ...TIMES, ...options.times };
  const uptimeMs = (): number => performance.now();
  const url = withoutPassword(options.url);
  const hold = createHold({ ...LIMITS, ...options.limits });
  const claims = createClaims({ ...times, own: options.sites, owner: options.clientId }, uptimeMs);
  const subscriptions = createSubscriptions({ ...options, times, hold, claims, uptimeMs, log });
  const inbox = createInbox({ claims, subscriptions, onTelemetry: dependencies.onTelemetry });
  const backoff = createBackoff(times);
  const ready = Promise.withResolvers<void>();
  const stopping = new AbortController();
  let connection: Connection | null = null;
  let isConnected = false;
  let failure: string | null = 'not connected yet';
  let lost = 0;

  async function connectOnce(): Promise<string> {
    const current = openConnection(options, { hold, onMessage: inbox.onMessage });
    connection = current;
    const welcome = await current.opened;
    if (welcome) await serve(current, welcome);
    return await current.ended;
  }

  async function serve(current: Connection, { isResumed }: Welcome): Promise<void> {
    isConnected = true;
    failure = null;
    log.info({ url, client: options.clientId }, 'connected to the broker; readings come from there');
    const begunAtMs = uptimeMs();
    claims.begin();
    subscriptions.begin(current, isResumed);
    const looking = setInterval(look, times.lookMs, current);
    await current.ended;
    clearInterval(looking);
    subscriptions.end();
    claims.end();
    isConnected = false;
    if (uptimeMs() - begunAtMs >= STOOD_MS) backoff.reset();
  }

  function look(current: Connection): void {
    for (const site of claims.review())
      current.publish(statusTopic(site, INGEST_DEVICE), claimOf(options.clientId), true);
    subscriptions.look(current);
    if (subscriptions.isDecided()) ready.resolve();
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const why = await connectOnce();
      if (stopping.signal.aborted) return;
      lost++;
      // The same fault at every attempt is one line.
      if (why !== failure) log.warn({ url, reason: why }, `no connection to the broker: ${why}; trying again`);
      failure = why;
      await delay(backoff.next(), undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }

  const running = run();
  return {
    ready: ready.promise,
    health: () => ({
      url,
      connected: isConnected,
      reason: isConnected ? subscriptions.trouble() : failure,
      held: { messages: hold.messages, bytes: hold.bytes },
      received: inbox.received(),
      lost,
      sites: options.sites.filter(claims.isHeld),
      silent: subscriptions.silent(),
      gone: claims.gone(),
    }),
    async stop() {
      stopping.abort();
      connection?.end('stopped');
      await running;
    },
  };
}

interface InboxParts {
  readonly claims: Pick<Claims, 'heard'>;
  readonly subscriptions: Pick<Subscriptions, 'heard'>;
  readonly onTelemetry: MqttSourceDependencies['onTelemetry'];
}

/** Telemetry goes to ingest; claims and probes, which come in the place of a device's messages, stay here. */
function createInbox({ claims, subscriptions, onTelemetry }: InboxParts) {
  let received = 0;
  return {
    received: () => received,
    onMessage(name: string, packet: Packet): Promise<void> | null {
      const topic = parseDeviceTopic(name);
      if (topic?.kind === 'status' && topic.device === INGEST_DEVICE)
        claims.heard(topic.site, claimant(packet.payload), packet.retain);
      if (topic?.kind !== 'telemetry') return null;
      subscriptions.heard(topic.site);
      if (topic.device === INGEST_DEVICE) return null;
      received++;
      return onTelemetry(topic, packet.payload);
    },
  };
}

function claimOf(owner: string): string {
  return JSON.stringify({ online: true, ingest: owner, ts: Date.now() });
}

/** Null for a claim given up, or what is none. */
function claimant(payload: Buffer): string | null {
  try {
    const { ingest } = JSON.parse(payload.toString()) as { ingest?: unknown };
    return typeof ingest === 'string' ? ingest : null;
  } catch {
    return null;
  }
}

function withoutPassword(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
