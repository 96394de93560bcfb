/** Upgrades that nobody has asked for, on connections that are kept alive and held at the client's end. */
import type { Attack } from './attack.ts';
import { upgradeTo } from './http-subscribes.ts';
import { createRawLines } from './raw-lines.ts';

const OF_EACH_KIND = 150;
/** Some it closes when they have been silent for a while: the deadline of a request and of a kept connection. */
const CLOSED_WITHIN_MS = 75_000;

export const httpUpgrades: Attack = {
  name: 'upgrades',
  async run(target, signal) {
    const host = `Host: ${target.host}`;
    const kinds: readonly (readonly string[])[] = [
      // Kept alive first: the server has sent something on it already.
      [`GET /api/health HTTP/1.1\r\n${host}\r\n\r\n`, upgradeTo(target, '/elsewhere')],
      [upgradeTo(target, '/api/health')],
      [upgradeTo(target, '/api/health', 'h2c')],
      [upgradeTo(target, '/socket.io/?EIO=4&transport=websocket&sid=nobody')],
      [upgradeTo(target, '/socket.io/?EIO=4&transport=carrier-pigeon')],
      [`CONNECT elsewhere:443 HTTP/1.1\r\n${host}\r\n\r\n`],
      [`POST /api/session HTTP/1.1\r\n${host}\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n`],
    ];
    const lines = createRawLines(target, signal);
    try {
      for (const texts of kinds) {
        const held = Array.from({ length: OF_EACH_KIND }, () => lines.open());
        for (const text of texts) await Promise.all(held.map((line) => line.say(text)));
      }
      await lines.whenClosed(CLOSED_WITHIN_MS);
      return `${kinds.length * OF_EACH_KIND} connections held; ${lines.closedCount()} closed by the server`;
    } finally {
      lines.end();
    }
  },
};
