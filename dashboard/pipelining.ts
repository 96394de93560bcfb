/** Requests on one connection before the earlier ones are answered: browsers send none. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Some programs send a few. */
const MOST = 10;

/**
 * Node hands on at once whatever came in one piece, a thousand requests and more: beyond a few the connection is closed,
 * and nothing that is left of them reaches whoever listens. To be called when all of those listen.
 */
export function limitPipelining(server: Server): void {
  const open = new WeakMap<Socket, number>();
  const listeners = server.listeners('request');
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    if (socket.destroyed) return;
    const count = (open.get(socket) ?? 0) + 1;
    open.set(socket, count);
    if (count > MOST) return void socket.destroy();
    response.once('close', () => open.set(socket, (open.get(socket) ?? 1) - 1));
    for (const listener of listeners) listener.call(server, request, response);
  });
}
