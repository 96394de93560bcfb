/** A listener that acknowledges without looking: what the load generator can do where no server limits it. */
import { type AddressInfo, createServer } from 'node:net';
import { CONNECT, createPacketReader, PUBLISH } from '../load/mqtt-packet.ts';
import { readOptions, tellParent } from './parent.ts';

const CONNACK_PACKET = Buffer.from([0x20, 2, 0, 0]);

await readOptions();
const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  const answers: Buffer[] = [];
  const read = createPacketReader((firstByte, bytes, start) => {
    const type = firstByte >> 4;
    if (type === CONNECT) answers.push(CONNACK_PACKET);
    else if (type === PUBLISH) answers.push(pubackOf(bytes, start));
  });
  socket.on('data', (piece) => {
    read(piece as Buffer);
    socket.write(Buffer.concat(answers.splice(0)));
  });
});
server.listen(0, '127.0.0.1', () => void tellParent('listening', (server.address() as AddressInfo).port));

function pubackOf(publish: Uint8Array, start: number): Buffer {
  const idAt = start + 2 + (((publish[start] ?? 0) << 8) | (publish[start + 1] ?? 0));
  return Buffer.from([0x40, 2, publish[idAt] ?? 0, publish[idAt + 1] ?? 0]);
}
