import { connect } from 'node:net';
import type { BusLine } from '../../model/bridge-file.ts';
import type { OpenChannel } from './channel.ts';

const CONNECT_MS = 10_000;
/** A device that was switched off says nothing; the system asks whether it is there. */
const KEEPALIVE_MS = 30_000;

export function openSocket({ host, port }: Exclude<BusLine, { kind: 'rtu' }>): OpenChannel {
  const name = `${host}:${port}`;
  return ({ bytes, ended }) =>
    new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEPALIVE_MS });
      const tooLong = setTimeout(() => socket.destroy(new Error('no answer')), CONNECT_MS);
      let reason = 'the other side has closed the connection';
      socket.on('error', (error: NodeJS.ErrnoException) => {
        reason = words(error);
      });
      socket.on('close', () => {
        clearTimeout(tooLong);
        reject(new Error(`${name}: ${reason}`));
        ended(`${name}: ${reason}`);
      });
      socket.on('data', bytes);
      socket.on('connect', () => {
        clearTimeout(tooLong);
        resolve({ write: (out) => void socket.write(out), close: () => socket.destroy() });
      });
    });
}

function words({ code, message }: NodeJS.ErrnoException): string {
  const known: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'nothing listens there',
    ENOTFOUND: 'no such host',
    EHOSTUNREACH: 'the host cannot be reached',
    ENETUNREACH: 'there is no network',
    ETIMEDOUT: 'no answer',
    ECONNRESET: 'the other side has broken the connection',
  };
  return known[code ?? ''] ?? message;
}
