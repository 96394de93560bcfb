/** A subscriber on a raw socket: counts what it is sent, and freezes (reads nothing more) when told to. */
import { connect } from 'node:net';
import { CONNACK, connectPacket, createPacketReader, PUBLISH, SUBACK, subscribePacket } from '../load/mqtt-packet.ts';
import { onWord, readOptions, tellParent } from './parent.ts';

const { port, filter } = await readOptions<{ port: number; filter: string }>();
let received = 0;
const socket = connect({ port, host: '127.0.0.1', noDelay: true });
const read = createPacketReader((firstByte) => {
  const type = firstByte >> 4;
  if (type === PUBLISH) received++;
  else if (type === CONNACK) socket.write(subscribePacket(filter));
  else if (type === SUBACK) void tellParent('subscribed');
});
socket.on('data', (piece) => read(piece as Buffer));
socket.on('error', () => undefined);
socket.on('close', () => void tellParent('closed'));
socket.write(connectPacket(`subscriber-${process.pid}`));
onWord((word) => {
  if (word === 'freeze') socket.pause();
  else if (word === 'count') void tellParent('received', received);
});
