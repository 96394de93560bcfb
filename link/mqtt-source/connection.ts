/** One connection to the broker, from CONNECT to its end: messages in, acknowledgements out, each on its own connection. */
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { describeFailure } from './failure.ts';
import type { Held, Hold } from './hold.ts';

export interface ConnectionOptions {
  /** `mqtt://host:port` or `mqtts://…`. */
  readonly url: string;
  readonly clientId: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** PEM of the authority that signed the broker's certificate. */
  readonly ca?: string | undefined;
}

export interface Packet {
  readonly payload: Buffer;
  readonly retain: boolean;
}

export interface ConnectionParts {
  readonly hold: Hold;
  /** Resolves once the message may be acknowledged, or null: at once. A rejection ends the connection. */
  readonly onMessage: (topic: string, packet: Packet) => Promise<void> | null;
}

export interface Welcome {
  /** The broker knows our session of before, with its subscriptions and what has queued. */
  readonly isResumed: boolean;
}

export interface Connection {
  /** Resolves once the broker has let us in, and with null where the connection ends before. */
  readonly opened: Promise<Welcome | null>;
  /** Resolves, with why, once it is over. */
  readonly ended: Promise<string>;
  /** Gives the filters that the broker refused, or granted without that quality of service. */
  subscribe(filters: readonly string[], qos: 0 | 1): Promise<readonly string[]>;
  unsubscribe(filters: readonly string[]): void;
  /** Ends subscriptions of an earlier connection: RabbitMQ knows only those that this one has made. */
  forget(filters: readonly string[]): void;
  /** QoS 1; what the connection's end overtakes is lost. */
  publish(topic: string, payload: string, retain?: boolean): void;
  end(reason: string): void;
}

const CONNECT_TIMEOUT_MS = 15_000;
/** MQTT.js handles one message at a time; an error instead of an acknowledgement lets it go on to the next at once. */
const LATER = new Error('acknowledged later');

export function openConnection(options: ConnectionOptions, { hold, onMessage }: ConnectionParts): Connection {
  const client = connect(options.url, clientOptions(options));
  let isEnded = false;
  /** Of MQTT.js, which hands over the first messages of a session before it tells of the connection. */
  const isOpen = (): boolean => client.connected && !isEnded;
  let reason: string | null = null;
  const opened = Promise.withResolvers<Welcome | null>();
  const ended = Promise.withResolvers<string>();
  const acknowledgements = hold.acknowledgements((messageId) => {
    if (isOpen()) acknowledge(client, messageId);
  });

  function end(why: string): void {
    reason ??= why;
    isEnded = true;
    // Forced: the session stays at the broker, and whatever is not acknowledged comes again.
    client.end(true);
  }

  async function commit(committed: Promise<void>, held: Held): Promise<void> {
    try {
      await committed;
      acknowledgements.settle(held, true);
    } catch (error) {
      end(`not taken: ${(error as Error).message}`);
      acknowledgements.settle(held, false);
    }
  }

  function unsubscribe(filters: readonly string[]): void {
    if (isOpen() && filters.length > 0) client.unsubscribe([...filters]);
  }

  client.on('connect', ({ sessionPresent }) => opened.resolve({ isResumed: sessionPresent }));
  client.on('error', (error) => {
    reason ??= describeFailure(error);
  });
  client.on('close', () => {
    isEnded = true;
    opened.resolve(null);
    ended.resolve(reason ?? 'the broker closed the connection');
  });
  client.handleMessage = (packet, callback) => {
    // Parsed packets have a buffer; text is for those to be sent.
    const committed = onMessage(packet.topic, { payload: packet.payload as Buffer, retain: packet.retain });
    if (packet.qos === 0 || packet.messageId === undefined) {
      callback();
      return;
    }
    const held = acknowledgements.add(packet.messageId, packet.payload.length);
    if (committed) void commit(committed, held);
    else acknowledgements.settle(held, true);
    // Not called back, MQTT.js reads no further, and so in the end the broker stops sending.
    if (hold.isFull()) hold.whenRoom(() => callback(LATER));
    else callback(LATER);
  };

  return {
    opened: opened.promise,
    ended: ended.promise,
    subscribe: (filters, qos) => subscribe(client, filters, qos),
    unsubscribe,
    forget(filters) {
      if (filters.length > 0) void subscribe(client, filters, 1).then(() => unsubscribe(filters));
    },
    publish(topic, payload, retain = false) {
      if (isOpen()) client.publish(topic, payload, { qos: 1, retain });
    },
    end,
  };
}

function clientOptions({ clientId, user, password, ca }: ConnectionOptions): IClientOptions {
  return {
    clientId,
    clean: false,
    keepalive: 30,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // Each connection is a client of its own, so that an acknowledgement can never reach another one.
    reconnectPeriod: 0,
    resubscribe: false,
    // A table of all 65,536 numbers as buffers: 20 MB.
    writeCache: false,
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password }),
    ...(ca !== undefined && { ca }),
  };
}

/** The only private call to MQTT.js: it has no public way to acknowledge later. test/link/mqtt-source.test.ts keeps it. */
function acknowledge(client: MqttClient, messageId: number): void {
  (client as unknown as { _sendPacket(packet: object): void })._sendPacket({ cmd: 'puback', messageId });
}

function subscribe(client: MqttClient, filters: readonly string[], qos: 0 | 1): Promise<readonly string[]> {
  return new Promise((resolve) => {
    client.subscribe([...filters], { qos }, (error, granted = []) => {
      // Where the connection has ended instead, there are no codes, and its end says why.
      const codes: readonly number[] = error ? codesOf(error) : granted.map((grant) => grant.qos);
      resolve(filters.filter((_, i) => codes[i] !== undefined && codes[i] !== qos));
    });
  });
}

/** MQTT.js makes an error of a SUBACK in which anything is refused. */
function codesOf(error: Error & { packet?: { granted?: readonly number[] } }): readonly number[] {
  return error.packet?.granted ?? [];
}
