/**
 * Sends what is retained to who has subscribed, in place of aedes: that begins a walk through all of it anew for each
 * SUBSCRIBE, any number of them side by side, each in one go. Here a client has one walk at a time, and all walks together
 * go on by so many messages in a turn of the event loop.
 */
import type { AedesPublishPacket, Subscription } from 'aedes';
import type { Connection } from './connection.ts';
import { createTopicMatch } from './topic-index.ts';

export interface RetainedSender {
  /** A client has subscribed. */
  add(connection: Connection, subscriptions: readonly Subscription[]): void;
  /** It has given up filters: nothing is owed for them any more. */
  remove(connection: Connection, filters: readonly string[]): void;
}

/** What a filter is granted with where it is refused [MQTT-3.9.3]. */
const REFUSED = 128;
const STEP = 200;

interface RetainedMessages {
  get(topic: string): AedesPublishPacket | undefined;
  all(): Iterable<AedesPublishPacket>;
}

export function createRetainedSender(retained: RetainedMessages): RetainedSender {
  /** Filters whose messages have not been looked for yet. */
  const wanted = new WeakMap<Connection, Set<string>>();
  const inTurn = createTurns();

  async function walk(connection: Connection, filters: ReadonlySet<string>): Promise<void> {
    const isMatch = createTopicMatch(filters);
    let steps = 0;
    for (const packet of retained.all()) {
      if (steps++ % STEP === 0) await inTurn();
      if (connection.client.closed) break;
      if (isMatch(packet.topic)) await send(connection, packet);
    }
  }

  async function sendAll(connection: Connection, filters: Set<string>): Promise<void> {
    while (filters.size > 0 && !connection.client.closed) {
      const patterns = new Set([...filters].filter(isPattern));
      const topics = filters.difference(patterns);
      filters.clear();
      for (const topic of topics) {
        const packet = retained.get(topic);
        if (packet && !connection.client.closed) await send(connection, packet);
      }
      if (patterns.size > 0) await walk(connection, patterns);
    }
    wanted.delete(connection);
  }

  return {
    add(connection, subscriptions) {
      const granted = subscriptions.filter(({ qos }) => (qos as number) !== REFUSED);
      if (granted.length === 0) return;
      const known = wanted.get(connection);
      const filters = known ?? new Set<string>();
      for (const { topic } of granted) filters.add(topic);
      if (known) return;
      wanted.set(connection, filters);
      void sendAll(connection, filters);
    },
    remove(connection, filters) {
      const known = wanted.get(connection);
      for (const filter of known ? filters : []) known?.delete(filter);
    },
  };
}

function isPattern(filter: string): boolean {
  return filter.includes('+') || filter.includes('#');
}

function send({ client }: Connection, { cmd, qos, topic, payload }: AedesPublishPacket): Promise<void> {
  // Without a number of the broker it is no duplicate of what came before.
  const packet = { cmd, qos, topic, payload, retain: true, dup: false, brokerId: null };
  return new Promise((resolve) => client.deliverQoS(packet, resolve));
}

/** One of those who wait goes on in each turn of the event loop. */
function createTurns(): () => Promise<void> {
  const waiting: (() => void)[] = [];
  function run(): void {
    waiting.shift()?.();
    if (waiting.length > 0) setImmediate(run);
  }
  return () =>
    new Promise((resolve) => {
      if (waiting.push(resolve) === 1) setImmediate(run);
    });
}
