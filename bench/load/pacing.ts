/** When the connections of a load send: at a rate, or whenever they may. */
import type { DeviceConnection } from './device-connection.ts';

export interface Pacing {
  /** A connection has room again. */
  wake(connection: DeviceConnection): void;
  stop(): void;
}

const TICK_MS = 1;
/** So many are sent in a row before answers are read again. */
const MAX_AT_ONCE = 100;

export function startPacing(connections: readonly DeviceConnection[], ratePerS: number | null): Pacing {
  return ratePerS === null ? sendFreely(connections) : sendAtRate(connections, ratePerS);
}

function sendFreely(connections: readonly DeviceConnection[]): Pacing {
  let isStopped = false;
  function wake(connection: DeviceConnection): void {
    if (isStopped) return;
    let sent = 0;
    while (sent < MAX_AT_ONCE && connection.send()) sent++;
    if (sent === MAX_AT_ONCE) setImmediate(wake, connection);
  }
  for (const connection of connections) wake(connection);
  return {
    wake,
    stop() {
      isStopped = true;
    },
  };
}

/** In turn. What cannot be sent now is made up for, as far as a second of it. */
function sendAtRate(connections: readonly DeviceConnection[], ratePerS: number): Pacing {
  let owed = 0;
  let next = 0;
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    owed = Math.min(owed + ((nowMs - lastMs) * ratePerS) / 1_000, ratePerS);
    lastMs = nowMs;
    let refused = 0;
    while (owed >= 1 && refused < connections.length) {
      if (connections[next]?.send()) {
        owed--;
        refused = 0;
      } else refused++;
      next = (next + 1) % connections.length;
    }
  }, TICK_MS);
  return { wake: () => undefined, stop: () => clearInterval(timer) };
}
