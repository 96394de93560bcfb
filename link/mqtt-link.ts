/** How a part's messages leave its process: an MQTT client that comes back by itself and says when a message is safe. */
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type IClientOptions } from 'mqtt';
import type { Log } from '../model/log.ts';

export interface MqttLinkOptions {
  /** `mqtt://host:port` or `mqtts://…`. */
  readonly url: string;
  readonly clientId: string;
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** PEM of the authority that signed the broker's certificate. */
  readonly ca?: string | undefined;
  /** What the broker says in our place when we are gone without a word; retained. */
  readonly will?: { readonly topic: string; readonly payload: Uint8Array } | undefined;
  /** A broker that acknowledges nothing for so long, while messages wait, is connected to anew. */
  readonly ackWithinMs?: number;
}

interface PublishOptions {
  readonly retain?: boolean;
}

export interface MqttLink {
  /** Resolves on PUBACK: the broker has taken the message over. Rejects once the link has stopped; `link-away` where a connection broke at its very beginning. */
  publish(topic: string, payload: Uint8Array, options?: PublishOptions): Promise<void>;
  /**
   * For what loses its meaning when it comes late: over the connection that stands, or not at all. Rejects with code
   * `link-away` where there is none, and where it breaks before PUBACK; then it may have arrived, and is not sent again.
   */
  publishNow(topic: string, payload: Uint8Array): Promise<void>;
  /** At each connection; at once where one stands. */
  onConnect(listener: () => void): void;
  readonly isConnected: boolean;
  /** Whether a connection stands, waiting for it so long at the most. */
  connected(timeoutMs: number): Promise<boolean>;
  stop(): Promise<void>;
}

/** What was not acknowledged: it may or may not have arrived. */
class LinkError extends Error {
  readonly code: 'link-stopped' | 'link-away';
  constructor(code: 'link-stopped' | 'link-away', message: string) {
    super(message);
    this.code = code;
  }
}

const RECONNECT_MS = 2_000;
/** Spread over this much more, so that a village of devices does not come back in one instant. */
const RECONNECT_JITTER_MS = 2_000;

/** Of the slowest links the longest; a broker may answer pings and still be stuck. */
const ACK_WITHIN_MS = 60_000;

/** Starts at once and connects when it can: a broker that is away is waited for. */
export function startMqttLink(link: MqttLinkOptions, log: Log): MqttLink {
  const { url, clientId, user, password, ca, will, ackWithinMs = ACK_WITHIN_MS } = link;
  const options: IClientOptions = {
    clientId,
    clean: true,
    keepalive: 30,
    reconnectPeriod: RECONNECT_MS + Math.random() * RECONNECT_JITTER_MS,
    queueQoSZero: false,
    // A table of all 65,536 numbers as buffers: 20 MB for a few microseconds a day.
    writeCache: false,
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password }),
    ...(ca !== undefined && { ca }),
    ...(will && { will: { topic: will.topic, payload: toBuffer(will.payload), qos: 1, retain: true } }),
  };
  const client = connect(url, options);
  let lastError = '';
  /** MQTT.js is connected a little earlier: then it sends again what is left of the last connection, and queues the rest. */
  let isReady = false;
  /** Numbers of the messages that are not to be sent again. */
  const onlyNow = new Set<number>();
  /** When the broker acknowledged last, or had anything to acknowledge. */
  let progressMs = 0;
  client.on('connect', () => {
    isReady = true;
    lastError = '';
    log.info({ url, clientId }, 'connected to the broker');
  });
  client.on('packetreceive', ({ cmd }) => {
    if (cmd === 'puback' || cmd === 'connack') progressMs = performance.now();
  });
  client.on('close', () => {
    isReady = false;
    for (const id of onlyNow) client.removeOutgoingMessage(id);
  });
  client.on('error', (error) => {
    // The same fault at every attempt is one line.
    if (error.message !== lastError)
      log.warn({ url, reason: error.message }, 'no connection to the broker; trying again');
    lastError = error.message;
  });

  /** MQTT.js answers nothing for what is on its way when it ends. */
  const unacknowledged = new Set<(error: Error) => void>();

  const watching = setInterval(() => {
    if (!client.connected || unacknowledged.size === 0 || performance.now() - progressMs < ackWithinMs) return;
    log.warn({ url, waiting: unacknowledged.size }, 'the broker acknowledges nothing; connecting anew');
    client.stream.destroy();
  }, ackWithinMs / 4).unref();

  function publish(topic: string, payload: Uint8Array, { retain = false }: PublishOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      if (unacknowledged.size === 0) progressMs = performance.now();
      unacknowledged.add(reject);
      client.publish(topic, toBuffer(payload), { qos: 1, retain }, (error) => {
        unacknowledged.delete(reject);
        if (error) reject(new LinkError('link-away', error.message));
        else resolve();
      });
    });
  }

  return {
    publish,
    async publishNow(topic, payload) {
      if (!isReady) throw new LinkError('link-away', 'no connection to the broker');
      const published = publish(topic, payload);
      const id = client.getLastMessageId();
      onlyNow.add(id);
      await published.finally(() => onlyNow.delete(id));
    },
    onConnect(listener) {
      client.on('connect', listener);
      if (client.connected) listener();
    },
    get isConnected() {
      return client.connected;
    },
    connected: async (timeoutMs) => {
      const connecting = new Promise((resolve) => client.once('connect', resolve));
      if (!client.connected) await Promise.race([connecting, delay(timeoutMs, undefined, { ref: false })]);
      return client.connected;
    },
    async stop() {
      clearInterval(watching);
      // Forced: whoever publishes keeps what was not acknowledged.
      await client.endAsync(true);
      for (const reject of unacknowledged) reject(new LinkError('link-stopped', 'the link has stopped'));
      unacknowledged.clear();
    },
  };
}

function toBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
