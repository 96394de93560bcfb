/** The embedded MQTT broker: access rules, and telemetry handed over before it is acknowledged (contract 2.1, 2.5). */
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes, type AedesPublishPacket, type Client, type PublishPacket } from 'aedes';
import type { Log } from '../model/log.ts';
import { type DeviceTopic, isOwnTopic, parseDeviceTopic } from '../model/topic.ts';

export interface BrokerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

export interface BrokerDependencies {
  /** Resolves once the message may be acknowledged; a rejection closes the connection, so that the device sends again. */
  readonly onTelemetry: (topic: DeviceTopic, payload: Uint8Array) => Promise<void>;
  readonly log: Log;
}

export interface Broker {
  readonly port: number;
  clients(): number;
  stop(): Promise<void>;
}

/** Far above a telemetry message, so that one that is merely too large still gets its acknowledgement and its reject. */
const MAX_PACKET_BYTES = 2 * 1024 * 1024;
/** A subscriber that reads nothing for this long is cut off; the default of 60 s would hold everyone up. */
const DRAIN_TIMEOUT_MS = 1_000;

export async function startBroker(options: BrokerOptions, { onTelemetry, log }: BrokerDependencies): Promise<Broker> {
  const aedes = await Aedes.createBroker({
    // The default of 100 overflows the stack under a flood (mqemitter pull request 204); without a limit it is faster too.
    concurrency: 0,
    drainTimeout: DRAIN_TIMEOUT_MS,
    // aedes writes the PUBACK right after this callback, so it waits for the disk here.
    authorizePublish(client, packet, callback) {
      handOver(client, packet).then(() => callback(null), callback);
    },
    authorizeSubscribe(_client, subscription, callback) {
      callback(null, subscription.topic.startsWith('$SYS') ? null : subscription);
    },
  });

  async function handOver(client: Client | null, packet: PublishPacket): Promise<void> {
    const { topic } = packet;
    const device = parseDeviceTopic(topic);
    if (device?.kind === 'telemetry') await onTelemetry(device, toBytes(packet.payload));
    else if (device === null && (isOwnTopic(topic) || topic.startsWith('$'))) refuse(client, topic);
  }

  /** MQTT 3.1.1 has no way to say no but to hang up: the log says why. */
  function refuse(client: Client | null, topic: string): never {
    log.warn({ client: client?.id, topic }, 'refused: publish under aimak/v1/<site>/<device>/telemetry or …/status');
    throw new Error(`not a topic of the contract: ${topic}`);
  }

  logLives(aedes, log);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.setNoDelay(true);
    limitPacketSize(aedes.handle(socket), log);
  });
  const closeAedes = (): Promise<void> => new Promise((resolve) => aedes.close(resolve));
  const port = await listen(server, options).catch(async (error: Error) => {
    await closeAedes();
    throw error;
  });
  return {
    port,
    clients: () => aedes.connectedClients,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await closeAedes();
      // aedes knows only those that have said CONNECT.
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** aedes gathers a packet of any size in memory. Its parser says after each piece how much it still holds: a private call, pinned by a test. */
function limitPacketSize(client: Client, log: Log): void {
  const { _parser: parser } = client as unknown as { _parser: { parse(piece: Buffer): number } };
  const parse = parser.parse.bind(parser);
  parser.parse = (piece) => {
    const heldBytes = parse(piece);
    if (heldBytes > MAX_PACKET_BYTES) {
      log.warn({ client: client.id, heldBytes }, 'cut off: a packet beyond all measure');
      client.conn.destroy();
    }
    return heldBytes;
  };
}

function toBytes(payload: AedesPublishPacket['payload']): Uint8Array {
  return typeof payload === 'string' ? Buffer.from(payload) : payload;
}

function logLives(aedes: Aedes, log: Log): void {
  // One line per connection: aedes tells of every message that a vanished client left behind.
  const told = new WeakSet<Client>();
  const tell = (client: Client, error: Error): void => {
    if (told.has(client)) return;
    told.add(client);
    log.warn({ client: client.id, reason: error.message }, 'client lost');
  };
  aedes.on('clientError', tell);
  aedes.on('connectionError', tell);
}

function listen(server: Server, { host, port }: BrokerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}
