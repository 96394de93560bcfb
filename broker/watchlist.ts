/** The connections that something may have to be done about: thousands at rest cost nothing. */
import type { Connection } from './connection.ts';

export interface Watchlist {
  add(connection: Connection): void;
  delete(connection: Connection): void;
  /** Those that have come to rest are left out, and taken off the list. */
  restless(): Iterable<Connection>;
}

export function createWatchlist(): Watchlist {
  const watched = new Set<Connection>();

  function remove(connection: Connection): void {
    connection.isWatched = false;
    watched.delete(connection);
  }

  return {
    add(connection) {
      // Called per message.
      if (connection.isWatched) return;
      connection.isWatched = true;
      watched.add(connection);
    },
    delete: remove,
    *restless() {
      for (const connection of watched) {
        if (isAtRest(connection)) remove(connection);
        else yield connection;
      }
    },
  };
}

function isAtRest({ client, held, isStopped, excessBytes }: Connection): boolean {
  return !isStopped && (held === null || held.size === 0) && excessBytes === 0 && client.conn.writableLength === 0;
}
