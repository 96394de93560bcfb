/** Who may publish and subscribe to what, and what waits for its commit before it is acknowledged (contract 2.1, 2.5). */
import type { AedesOptions, AedesPublishPacket, Client, PublishPacket, Subscription } from 'aedes';
import type { Log } from '../model/log.ts';
import { type DeviceTopic, isOwnTopic, parseDeviceTopic } from '../model/topic.ts';
import type { Answers } from './answers.ts';
import type { Connection, Held } from './connection.ts';
import type { Connections } from './connections.ts';
import type { Hold } from './hold.ts';
import type { Outlet } from './outlet.ts';
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
      callback(new Error(`not a topic of the contract: ${topic}`));
    } else callback(null);
  };
}

interface SubscribeGateParts {
  readonly connections: Pick<Connections, 'of'>;
  readonly maxFilters: number;
  readonly log: Log;
}

export function createSubscribeGate(parts: SubscribeGateParts): NonNullable<AedesOptions['authorizeSubscribe']> {
  const { connections, maxFilters, log } = parts;

  function isGranted(connection: Connection, { topic, qos }: Subscription): boolean {
    const isKnown = connection.client.subscriptions[topic] !== undefined;
    if (!isPlainFilter(topic) || (!isKnown && connection.filters >= maxFilters)) return false;
    if (!isKnown) connection.filters++;
    connection.wantsQos = Math.max(connection.wantsQos, qos);
    return true;
  }

  return (client, subscription, callback) => {
    const connection = connections.of(client);
    const isGood = connection !== null && isGranted(connection, subscription);
    if (!isGood && connection !== null && !connection.isWarned) {
      connection.isWarned = true;
      log.warn(
        { client: client.id, filter: subscription.topic },
        'refused: a shared or system subscription, or one too many',
      );
    }
    callback(null, isGood ? subscription : null);
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
