/** The MQTT connections of many villages: one for each device, or one for each village. */
import { type MqttLink, startMqttLink } from '../../link/mqtt-link.ts';
import type { Log } from '../../model/log.ts';
import type { BrokerAccess } from '../broker-access.ts';

export const CONNECT_BY = ['device', 'gateway'] as const;
export type ConnectBy = (typeof CONNECT_BY)[number];

/** Fewer than a listener's usual queue of 511, so that none waits for a second try. */
const CONNECTING_AT_ONCE = 200;
const LOOK_EVERY_MS = 1000;
const BATCH_WITHIN_MS = 3000;

export interface Connections {
  readonly total: number;
  connected(): number;
  /** Resolves once the broker is there and has been given all of them, or when `isStopping`. */
  open(isStopping: () => boolean): Promise<void>;
  link(clientId: string): MqttLink;
  stop(): Promise<void>;
}

export function createConnections(clientIds: readonly string[], access: BrokerAccess, log: Log): Connections {
  const links = new Map<string, MqttLink>();

  function open(ids: readonly string[], withinMs: number): Promise<boolean[]> {
    return Promise.all(
      ids.map((clientId) => {
        const link = links.get(clientId) ?? startMqttLink({ ...access, clientId }, log);
        links.set(clientId, link);
        return link.connected(withinMs);
      }),
    );
  }

  return {
    total: clientIds.length,
    connected: () => [...links.values()].filter(({ isConnected }) => isConnected).length,
    async open(isStopping) {
      // One finds out whether the broker is there, before thousands ask.
      while (!isStopping() && !(await open(clientIds.slice(0, 1), LOOK_EVERY_MS))[0]);
      for (let next = 0; next < clientIds.length && !isStopping(); next += CONNECTING_AT_ONCE) {
        await open(clientIds.slice(next, next + CONNECTING_AT_ONCE), BATCH_WITHIN_MS);
      }
    },
    link(clientId) {
      const link = links.get(clientId);
      if (!link) throw new Error(`no connection of "${clientId}" was opened`);
      return link;
    },
    async stop() {
      await Promise.all([...links.values()].map((link) => link.stop()));
    },
  };
}
