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
}

interface PublishOptions {
  readonly retain?: boolean;
}

export interface MqttLink {
  /** Resolves on PUBACK: the broker has taken the message over. Rejects only once the link has stopped. */
  publish(topic: string, payload: Uint8Array, options?: PublishOptions): Promise<void>;
  /** At each connection; at once where one stands. */
  onConnect(listener: () => void): void;
  readonly isConnected: boolean;
  /** Whether a connection stands, waiting for it so long at the most. */
  connected(timeoutMs: number): Promise<boolean>;
  stop(): Promise<void>;
}

/** What had not been acknowledged when the link stopped: it may or may not have arrived. */
class LinkStoppedError extends Error {
  readonly code = 'link-stopped';
}

const RECONNECT_MS = 2_000;
/** Spread over this much more, so that a village of devices does not come back in one instant. */
const RECONNECT_JITTER_MS = 2_000;

/** Starts at once and connects when it can: a broker that is away is waited for. */
export function startMqttLink({ url, clientId, user, password, ca, will }: MqttLinkOptions, log: Log): MqttLink {
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
  client.on('connect', () => {
    lastError = '';
    log.info({ url, clientId }, 'connected to the broker');
  });
  client.on('error', (error) => {
    // The same fault at every attempt is one line.
    if (error.message !== lastError)
      log.warn({ url, reason: error.message }, 'no connection to the broker; trying again');
    lastError = error.message;
  });

  /** MQTT.js answers nothing for what is on its way when it ends. */
  const unacknowledged = new Set<(error: Error) => void>();

  return {
    publish(topic, payload, { retain = false } = {}) {
      return new Promise((resolve, reject) => {
        unacknowledged.add(reject);
        client.publish(topic, toBuffer(payload), { qos: 1, retain }, (error) => {
          unacknowledged.delete(reject);
          if (error) reject(error);
          else resolve();
        });
      });
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
      // Forced: whoever publishes keeps what was not acknowledged.
      await client.endAsync(true);
      for (const reject of unacknowledged) reject(new LinkStoppedError('the link has stopped'));
      unacknowledged.clear();
    },
  };
}

function toBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
