/** How many pages there may be on the socket, and how much each may say. Bytes are bounded below this, in connections.ts. */
import type { IncomingMessage } from 'node:http';
import type { Server } from 'socket.io';
import { isLoopback, networkOf } from '../model/network.ts';
import { type Budget, createBudget } from './budget.ts';

export interface PageLimits {
  readonly pages: number;
  /** Behind one address there may be a village. */
  readonly ofOneNetwork: number;
  /** Frames that a page sends: it asks once for its site, and answers a ping every 25 s. Who says more is cut off. */
  readonly said: Budget;
}

export const PAGE_LIMITS: PageLimits = { pages: 1_000, ofOneNetwork: 250, said: { atOnce: 30, perS: 2 } };

/** What the Engine.IO below Socket.IO tells of a session, over whatever transport. */
interface EngineSession {
  readonly remoteAddress: string;
  on(event: 'packet' | 'close', listener: () => void): void;
  close(discard: boolean): void;
}

/** Returns whether one more session of this caller may begin. */
export function guardPages(
  { engine }: Pick<Server, 'engine'>,
  { pages, ofOneNetwork, said }: PageLimits,
  uptimeMs: () => number,
): (request: IncomingMessage) => boolean {
  const counts = new Map<string, number>();
  let local = 0;
  let strangers = 0;

  function add(address: string, change: number): void {
    if (isLoopback(address)) {
      local += change;
      return;
    }
    strangers += change;
    const network = networkOf(address);
    const next = (counts.get(network) ?? 0) + change;
    if (next > 0) counts.set(network, next);
    else counts.delete(network);
  }

  engine.on('connection', (session: EngineSession) => {
    const { remoteAddress } = session;
    const spend = createBudget(said, uptimeMs);
    add(remoteAddress, 1);
    session.on('close', () => add(remoteAddress, -1));
    session.on('packet', () => spend(1) || session.close(true));
  });

  return ({ url = '', socket: { remoteAddress = '' } }) => {
    // A call within a session that has begun.
    if (/[?&]sid=/.test(url)) return true;
    // Those from this machine are counted apart, and a proxy on it brings everybody.
    if (isLoopback(remoteAddress)) return local < pages;
    return strangers < pages && (counts.get(networkOf(remoteAddress)) ?? 0) < ofOneNetwork;
  };
}
