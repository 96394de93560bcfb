/** Who may publish and subscribe to what, and what waits for its commit before it is acknowledged (contract 2.1, 2.5). */
import type { AedesOptions, AedesPublishPacket, Client, PublishPacket, Subscription } from 'aedes';
import type { Log } from '../model/log.ts';
import { shortText } from '../model/short-text.ts';
import { type DeviceTopic, isOwnTopic, parseDeviceTopic } from '../model/topic.ts';
import type { Answers } from './answers.ts';
import { type Connection, type Held, tellOnce } from './connection.ts';
import type { Connections } from './connections.ts';
import { filterCost } from './filter-cost.ts';
import type { Hold } from './hold.ts';
import type { BrokerLimits } from './limits.ts';
import type { Outlet } from './outlet.ts';
import type { Pot } from './pot.ts';
import { createTopicCache } from './topic-cache.ts';

export interface PublishGateParts {
  readonly connections: Pick<Connections, 'of'>;
  readonly hold: Hold;
  readonly answers: Answers;
  /** Resolves once the message may be acknowledged; a rejection closes the connection, so that the device sends again. */
  readonly onTelemetry: (topic: DeviceTopic, payload: Uint8Array) => Promise<void>;
  /** Whether anybody is to get it but ingest. */
  readonly isWanted: (packet: PublishPacket) => boolean;
  /** To the subscribers. */
  readonly forward: (packet: PublishPacket) => void;
  readonly log: Log;
}

type Callback = (error?: Error | null) => void;

/** Telemetry is acknowledged and handed on when it is committed; all else is left to aedes at once. */
export function createPublishGate(parts: PublishGateParts): NonNullable<AedesOptions['authorizePublish']> {
  const { connections, hold, answers, onTelemetry, isWanted, forward, log } = parts;
  const deviceTopics = createTopicCache(parseDeviceTopic);

  function onCommit(held: Held): void {
    const { connection, callback, copy, messageId } = held;
    hold.remove(held);
    if (callback) {
      callback(null);
      return;
    }
    if (copy) forward(copy);
    if (connection) answers.add(connection, messageId);
  }

  function onFailure(error: Error, held: Held): void {
    const { connection, callback } = held;
    hold.remove(held);
    if (callback) callback(error);
    else connection?.client._nextBatch(error);
  }

  function toHeld(client: Client | null, packet: PublishPacket, bytes: number, callback: Callback): Held {
    // The will of a client that is gone waits too, but for nobody.
    const connection = client === null || client.closed ? null : connections.of(client);
    const isOurs = connection !== null && packet.qos !== 2;
    return {
      bytes,
      messageId: isOurs && packet.qos === 1 ? (packet.messageId ?? null) : null,
      copy: isOurs && isWanted(packet) ? packet : null,
      connection,
      callback: isOurs ? null : callback,
      sinceSweep: 0,
    };
  }

  return (client, packet, callback) => {
    const { topic } = packet;
    const device = deviceTopics.get(topic);
    if (device?.kind === 'telemetry') {
      const payload = toBytes(packet.payload);
      const held = toHeld(client, packet, payload.length, callback);
      if (hold.add(held)) {
        onTelemetry(device, payload).then(
          () => onCommit(held),
          (error: Error) => onFailure(error, held),
        );
      } else callback(new Error('too much waits for the disk'));
    } else if (device === null && (isOwnTopic(topic) || topic.startsWith('$'))) {
      // MQTT 3.1.1 has no way to say no but to hang up: the log says why.
      log.warn({ client: client?.id, topic }, 'refused: publish under aimak/v1/<site>/<device>/telemetry or …/status');
      callback(new Error(`not a topic of the contract: ${shortText(topic)}`));
    } else callback(null);
  };
}

interface SubscribeGateParts {
  readonly connections: Pick<Connections, 'of'>;
  readonly maxFilters: number;
  /** What the filters of clean sessions may cost. */
  readonly pot: Pot;
  /** Whether a session that outlives its connection may have it. */
  readonly mayKeep: (clientId: string, filter: string) => boolean;
  readonly log: Log;
}

/** A gate, and how often it has refused somebody. */
interface Gate<Handler extends keyof AedesOptions> {
  readonly gate: NonNullable<AedesOptions[Handler]>;
  refused(): number;
}

export function createSubscribeGate(parts: SubscribeGateParts): Gate<'authorizeSubscribe'> {
  const { connections, maxFilters, pot, mayKeep, log } = parts;
  let refused = 0;

  function hasRoom(connection: Connection, filter: string): boolean {
    const { client } = connection;
    if ((connection.filters?.size ?? 0) >= maxFilters) return false;
    if (!client.clean) return mayKeep(client.id, filter);
    const bytes = filterCost(filter);
    if (!pot.take(connection.filterBytes, bytes)) return false;
    connection.filterBytes += bytes;
    return true;
  }

  function isGranted(connection: Connection, { topic, qos }: Subscription): boolean {
    const isKnown = connection.filters?.has(topic) ?? false;
    if (!isPlainFilter(topic) || (!isKnown && !hasRoom(connection, topic))) return false;
    connection.filters ??= new Set();
    connection.filters.add(topic);
    connection.wantsQos = Math.max(connection.wantsQos, qos);
    return true;
  }

  function tell({ client }: Connection, filter: string): void {
    log.warn(
      { client: client.id, filter },
      'refused: a shared or system subscription, or beyond what may be kept of filters',
    );
  }

  return {
    refused: () => refused,
    gate(client, subscription, callback) {
      const connection = connections.of(client);
      const isGood = connection !== null && isGranted(connection, subscription);
      if (!isGood) refused++;
      if (!isGood && connection !== null) tell(connection, subscription.topic);
      callback(null, isGood ? subscription : null);
    },
  };
}

/** It has given up filters. */
export function giveUpFilters(connection: Connection, filters: readonly string[], pot: Pot): void {
  for (const filter of filters) {
    if (!connection.filters?.delete(filter) || !connection.client.clean) continue;
    const bytes = filterCost(filter);
    pot.give(connection.filterBytes, bytes);
    connection.filterBytes -= bytes;
  }
}

interface SignInGateParts {
  readonly connections: Pick<Connections, 'of'>;
  readonly limits: Pick<BrokerLimits, 'clientIdBytes'>;
  /** What wills may cost. */
  readonly pot: Pot;
  readonly log: Log;
}

/** The return codes of CONNACK [MQTT-3.2.2.3]. */
const IDENTIFIER_REJECTED = 2;
const SERVER_UNAVAILABLE = 3;

/** Nobody needs a name or a password; what a client has us keep for it is bounded. */
export function createSignInGate(parts: SignInGateParts): Gate<'authenticate'> {
  const { connections, limits, pot, log } = parts;
  let refused = 0;

  function refusal(connection: Connection): number | null {
    const { id, _will: will } = connection.client;
    if (Buffer.byteLength(id) > limits.clientIdBytes) return IDENTIFIER_REJECTED;
    const bytes = will ? will.topic.length + will.payload.length : 0;
    if (!pot.take(connection.willBytes, bytes)) return SERVER_UNAVAILABLE;
    connection.willBytes += bytes;
    return null;
  }

  return {
    refused: () => refused,
    gate(client, _username, _password, callback) {
      const connection = connections.of(client);
      const returnCode = connection && refusal(connection);
      if (connection === null || returnCode === null) {
        callback(null, connection !== null);
        return;
      }
      refused++;
      const reason = returnCode === IDENTIFIER_REJECTED ? 'its client id is too long' : 'too much is kept of wills';
      tellOnce(connection, log, {}, `refused: ${reason}`);
      callback(Object.assign(new Error(reason), { returnCode }), false);
    },
  };
}

/** What it refuses for now stays in the offline queue of a persistent session. */
export function createForwardGate(
  connections: Pick<Connections, 'of'>,
  outlet: Outlet,
): NonNullable<AedesOptions['authorizeForward']> {
  return (client, packet) => {
    const connection = connections.of(client);
    return connection && outlet.mayForward(connection, packet) ? packet : null;
  };
}

/** aedes would grant `$share/…` and then deliver nothing; `$SYS` is its own. */
export function isPlainFilter(filter: string): boolean {
  return !filter.startsWith('$');
}

function toBytes(payload: AedesPublishPacket['payload']): Uint8Array {
  return typeof payload === 'string' ? Buffer.from(payload) : payload;
}
