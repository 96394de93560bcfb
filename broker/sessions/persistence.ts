/** The side of the sessions that aedes calls: the interface of aedes-persistence. */
import { Readable } from 'node:stream';
import type { AedesPublishPacket, Subscription } from 'aedes';
import type { OfflineQueues } from './offline-queues.ts';
import type { Retained } from './retained.ts';
import type { OutgoingPacket, SessionSubscription } from './rows.ts';
import type { Sessions } from './sessions.ts';

interface Named {
  readonly id: string;
}

interface Will extends AedesPublishPacket {
  clientId?: string;
}

export type Persistence = ReturnType<typeof createPersistence>;

export interface Parts {
  readonly retained: Retained;
  readonly sessions: Sessions;
  readonly queues: OfflineQueues;
  /** Whether the broker grants a filter: aedes stores what it refuses too. */
  readonly isGranted: (filter: string) => boolean;
  /** Ends a session with all that belongs to it. */
  readonly discard: (clientId: string) => void;
}

const DONE = Promise.resolve();

export function createPersistence(parts: Parts) {
  return {
    ...retainedFace(parts),
    ...subscriptionFace(parts),
    ...outgoingFace(parts),
    ...incomingFace(),
    ...willFace(),
  };
}

function retainedFace({ retained }: Parts) {
  return {
    storeRetained(packet: AedesPublishPacket): Promise<void> {
      retained.store(packet);
      return DONE;
    },
    createRetainedStream: (filter: string) => Readable.from(retained.match([filter])),
    createRetainedStreamCombi: (filters: readonly string[]) => Readable.from(retained.match(filters)),
  };
}

function subscriptionFace({ sessions, isGranted, discard }: Parts) {
  // aedes calls once for each filter of a SUBSCRIBE, each time with all of them.
  const seen = new WeakMap<readonly Subscription[], string>();
  return {
    async addSubscriptions({ id }: Named, subscriptions: readonly Subscription[]): Promise<void> {
      if (seen.get(subscriptions) === id) return;
      seen.set(subscriptions, id);
      const granted = subscriptions.filter(({ topic }) => isGranted(topic));
      if (granted.length > 0) sessions.subscribe(id, granted);
    },
    async removeSubscriptions({ id }: Named, filters: readonly string[]): Promise<void> {
      sessions.unsubscribe(id, filters);
    },
    subscriptionsByClient: async ({ id }: Named) =>
      sessions.of(id).map(({ clientId: _, ...subscription }) => subscription),
    subscriptionsByTopic: (topic: string) => Promise.resolve(sessions.match(topic)),
    /** [MQTT-3.1.2-6]: a clean session begins with nothing. */
    async cleanSubscriptions({ id }: Named): Promise<void> {
      discard(id);
    },
    async countOffline() {
      const { sessions: clientsCount, subscriptions: subsCount } = sessions.counts();
      return { clientsCount, subsCount };
    },
    getClientList: (filter: string) => Readable.from(sessions.subscribedTo(filter)),
  };
}

function outgoingFace({ queues }: Parts) {
  return {
    outgoingEnqueue({ clientId }: Pick<SessionSubscription, 'clientId'>, packet: AedesPublishPacket): Promise<void> {
      queues.enqueue([clientId], packet);
      return DONE;
    },
    outgoingEnqueueCombi(owed: readonly SessionSubscription[], packet: AedesPublishPacket): Promise<void> {
      if (owed.length > 0)
        queues.enqueue(
          owed.map(({ clientId }) => clientId),
          packet,
        );
      return DONE;
    },
    outgoingUpdate({ id }: Named, packet: OutgoingPacket): Promise<void> {
      queues.update(id, packet);
      return DONE;
    },
    /** Without a number it is a message that was not forwarded now: it stays, and is given at the client's return. */
    async outgoingClearMessageId({ id }: Named, { messageId }: OutgoingPacket): Promise<OutgoingPacket | undefined> {
      return messageId === undefined ? undefined : queues.clear(id, messageId);
    },
    outgoingStream: ({ id }: Named) => Readable.from(queues.list(id)),
  };
}

const MAX_INCOMING_CLIENTS = 20_000;
const MAX_INCOMING = 1_000;
/** Of all clients: the oldest client's go first. */
const MAX_INCOMING_IN_ALL = 100_000;

/** Numbers of QoS 2 messages that a client has not released yet. In memory: a reading sent twice is stored once. */
function incomingFace() {
  const incoming = new Map<string, Set<number>>();
  let inAll = 0;
  const forget = (id: string): void => {
    inAll -= incoming.get(id)?.size ?? 0;
    incoming.delete(id);
  };
  type Numbered = { readonly messageId?: number | undefined };
  const numbersOf = (id: string): Set<number> => {
    const known = incoming.get(id) ?? new Set<number>();
    for (const oldest of incoming.keys()) {
      if (incoming.has(id) || incoming.size < MAX_INCOMING_CLIENTS) break;
      forget(oldest);
    }
    incoming.set(id, known);
    return known;
  };
  return {
    async incomingStorePacket({ id }: Named, { messageId = 0 }: Numbered): Promise<void> {
      const numbers = numbersOf(id);
      inAll -= numbers.size;
      numbers.add(messageId);
      keepNewest(numbers, MAX_INCOMING);
      inAll += numbers.size;
      for (const oldest of incoming.keys()) {
        if (inAll <= MAX_INCOMING_IN_ALL) break;
        forget(oldest);
      }
    },
    async incomingGetPacket({ id }: Named, { messageId = 0 }: Numbered): Promise<Numbered> {
      if (!incoming.get(id)?.has(messageId)) throw new Error('no such packet');
      return { messageId };
    },
    async incomingDelPacket({ id }: Named, { messageId = 0 }: Numbered): Promise<void> {
      if (!incoming.get(id)?.delete(messageId)) throw new Error('no such packet');
      inAll--;
    },
    async cleanIncoming({ id }: Named): Promise<void> {
      forget(id);
    },
  };
}

function keepNewest(kept: Set<number>, max: number): void {
  for (const key of kept) {
    if (kept.size <= max) return;
    kept.delete(key);
  }
}

/** In memory: a will belongs to a connection, and no connection outlives the process. */
function willFace() {
  const wills = new Map<string, Will>();
  let broker: Named = { id: '' };
  return {
    // aedes insists on an async function.
    async setup(owner: Named): Promise<void> {
      broker = owner;
    },
    async putWill({ id }: Named, will: Will): Promise<void> {
      will.brokerId = broker.id;
      will.clientId = id;
      wills.set(id, will);
    },
    getWill: async ({ id }: Named) => wills.get(id),
    async delWill({ id }: Named): Promise<Will | undefined> {
      const will = wills.get(id);
      wills.delete(id);
      return will;
    },
    streamWill: (brokers: Readonly<Record<string, unknown>> = {}) =>
      Readable.from(wills.values().filter((will) => !brokers[will.brokerId])),
    destroy: async (): Promise<void> => wills.clear(),
  };
}
