/** All connections, from the first byte to the last. Once a second there is a look at those that are not at rest. */
import type { Client } from 'aedes';
import type { Log } from '../model/log.ts';
import { type Connection, createConnection, cutOff, tellOnce } from './connection.ts';
import type { Hold } from './hold.ts';
import type { Intake } from './intake.ts';
import { type BrokerLimits, SWEEP_MS } from './limits.ts';
import type { Outlet } from './outlet.ts';
import type { Partials } from './partials.ts';
import type { Watchlist } from './watchlist.ts';

export interface Connections {
  add(client: Client): void;
  of(client: Client): Connection | null;
  /** It was let in. */
  signedIn(client: Client): void;
  /** Ends them all, also those that never said CONNECT. */
  end(): void;
}

interface Parts {
  readonly hold: Hold;
  readonly intake: Intake;
  readonly outlet: Outlet;
  readonly watchlist: Watchlist;
  readonly partials: Partials;
  readonly limits: BrokerLimits;
  /** It gives back what it took of what is shared. */
  readonly onGone: (connection: Connection) => void;
  /** Once a second. */
  readonly onSweep: () => void;
  readonly log: Log;
}

export function createConnections(parts: Parts): Connections {
  const { hold, intake, outlet, watchlist, partials, limits, onGone, onSweep, log } = parts;
  const all = new Map<Client, Connection>();
  /** Those that have not said CONNECT, the oldest first. */
  const strangers = new Set<Connection>();

  function remove(connection: Connection): void {
    all.delete(connection.client);
    strangers.delete(connection);
    const held = connection.held?.size ?? 0;
    if (held > 0 && !connection.client._disconnected) tellOnce(connection, log, { held }, 'client lost');
    watchlist.delete(connection);
    intake.end(connection);
    outlet.end(connection);
    partials.end(connection);
    hold.letGo(connection);
    onGone(connection);
  }

  function sweep(): void {
    hold.sweep();
    partials.sweep();
    onSweep();
    const overdue: Connection[] = [];
    for (const connection of watchlist.restless()) {
      if (hold.isOverdue(connection)) overdue.push(connection);
      intake.sweep(connection);
      outlet.sweep(connection);
    }
    disconnect(overdue);
  }

  /** One line for all of them: where the disk stands still they are many. */
  function disconnect(overdue: readonly Connection[]): void {
    const [first] = overdue;
    if (!first) return;
    const facts = { clients: overdue.length, first: first.client.id };
    log.warn(facts, 'disconnected: their telemetry waits too long for the disk; they will send it again');
    for (const connection of overdue) {
      connection.isToldOf = true;
      connection.client.conn.destroy();
    }
  }

  const sweeping = setInterval(sweep, SWEEP_MS);
  return {
    add(client) {
      const connection = createConnection(client);
      all.set(client, connection);
      strangers.add(connection);
      intake.start(connection);
      connection.client.conn.on('close', () => remove(connection));
      const [oldest] = strangers;
      if (oldest && strangers.size > limits.strangers) cutOff(oldest, log, 'cut off: too many that do not say CONNECT');
    },
    signedIn(client) {
      const connection = all.get(client);
      if (!connection) return;
      connection.isSignedIn = true;
      strangers.delete(connection);
    },
    of: (client) => all.get(client) ?? null,
    end() {
      clearInterval(sweeping);
      for (const { client } of all.values()) client.conn.destroy();
    },
  };
}
