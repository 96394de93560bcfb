import { createServer, type Server, type Socket } from 'node:net';
import type { Log } from '../../model/log.ts';
import type { Listening, StartTalk } from './talk.ts';

export interface TcpPlace {
  readonly bus: string;
  readonly host: string;
  readonly port: number;
}

const MAX_CONNECTIONS = 32;

/** Modbus TCP, or RTU frames over TCP: that is the talk's to know. */
export async function listenTcp({ bus, host, port }: TcpPlace, startTalk: StartTalk, log: Log): Promise<Listening> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const talk = startTalk((bytes) => void (socket.writable && socket.write(bytes)));
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => {
      try {
        talk.take(bytes);
      } catch (error) {
        log.warn({ bus, err: error }, `bus ${bus}: a client that does not speak Modbus was cut off`);
        socket.destroy();
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      talk.end();
      sockets.delete(socket);
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  await opened(server, { bus, host, port });
  log.info({ bus, host, port }, `bus ${bus}: Modbus units answer on ${host}:${port}`);
  return {
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function opened(server: Server, { bus, host, port }: TcpPlace): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', ({ code }: NodeJS.ErrnoException) => {
      const why = code === 'EADDRINUSE' ? 'is in use' : `cannot be listened on (${code})`;
      reject(new Error(`bus "${bus}": ${host}:${port} ${why}`));
    });
    server.listen({ host, port }, resolve);
  });
}
