import { describe, expect, it } from 'vitest';
import { publishPacket } from '../../bench/load/mqtt-packet.ts';
import { parseTraceLine } from '../../bench/strace-line.ts';
import { createSyncCheck } from '../../bench/sync-check.ts';

const SOCKET = '24<TCPv6:[[::ffff:127.0.0.1]:1883->[::ffff:127.0.0.1]:32996]>';
const hex = (bytes: Uint8Array): string =>
  `"${Array.from(bytes, (b) => `\\x${b.toString(16).padStart(2, '0')}`).join('')}"`;

const path = (name: string): string => `<${hex(Buffer.from(name)).slice(1, -1)}>`;
const WAL = `20${path('/data/readings.db-wal')}`;
const OTHER_WAL = `21${path('/data/alarms.db-wal')}`;

function publish(messageId: number): Buffer {
  const packet = publishPacket('aimak/v1/town/a/telemetry', Buffer.from('{"level":1}'), 1);
  packet.writeUInt16BE(messageId, packet.length - 13);
  return packet;
}

const puback = (messageId: number): Buffer => Buffer.from([0x40, 2, messageId >> 8, messageId & 0xff]);
const readOf = (bytes: Uint8Array): string => `1 read(${SOCKET}, ${hex(bytes)}, 65536) = ${bytes.length}`;
const writeOf = (bytes: Uint8Array): string => `1 write(${SOCKET}, ${hex(bytes)}, ${bytes.length}) = ${bytes.length}`;
const page = (file = WAL): string => `7 pwrite64(${file}, ${hex(new Uint8Array(64))}, 64, 4096) = 64`;
const header = `7 pwrite64(${WAL}, ${hex(new Uint8Array(32))}, 32, 0) = 32`;
const sync = (file = WAL): string => `7 fdatasync(${file}) = 0`;

function check(lines: readonly string[]) {
  const syncCheck = createSyncCheck({
    isBroker: (socket) => socket.includes(':1883->'),
    isJournal: (file) => file.endsWith('readings.db-wal'),
  });
  for (const line of lines) syncCheck.feed(line);
  return syncCheck.result();
}

describe('the check of a trace', () => {
  it('accepts an acknowledgement after read, write and sync', () => {
    const result = check([readOf(publish(7)), page(), sync(), writeOf(puback(7))]);
    expect(result).toEqual({ acknowledged: 1, commits: 1, early: [] });
  });

  it.each([
    ['nothing written', [readOf(publish(7)), writeOf(puback(7))]],
    ['no sync', [readOf(publish(7)), page(), writeOf(puback(7))]],
    ['a sync before the write', [readOf(publish(7)), sync(), page(), writeOf(puback(7))]],
    ['a write before the message was read', [page(), readOf(publish(7)), sync(), writeOf(puback(7))]],
    ['another commit under way when it was read', [page(), readOf(publish(7)), page(), sync(), writeOf(puback(7))]],
    [
      'a sync that failed',
      [readOf(publish(7)), page(), `7 fdatasync(${WAL}) = -1 EIO (Input/output error)`, writeOf(puback(7))],
    ],
    ['the sync of another file', [readOf(publish(7)), page(OTHER_WAL), sync(OTHER_WAL), writeOf(puback(7))]],
    ['nothing but a new header of the log', [readOf(publish(7)), header, sync(), writeOf(puback(7))]],
    [
      'a sync that ends too late',
      [
        readOf(publish(7)),
        page(),
        `7 fdatasync(${WAL} <unfinished ...>`,
        writeOf(puback(7)),
        '7 <... fdatasync resumed>) = 0',
      ],
    ],
  ])('catches an acknowledgement after %s', (_, lines) => {
    expect(check(lines).early).toMatchObject([{ messageId: 7 }]);
  });

  it('goes by the line on which the acknowledgement began to leave', () => {
    const begin = `1 write(${SOCKET}, ${hex(puback(7))}, 4 <unfinished ...>`;
    const lines = [readOf(publish(7)), page(), begin, sync(), '1 <... write resumed>) = 4'];
    expect(check(lines).early).toMatchObject([{ line: 3, messageId: 7 }]);
  });

  it('goes by the line on which a message had come in', () => {
    const lines = [
      `1 read(${SOCKET},  <unfinished ...>`,
      page(),
      `1 <... read resumed>${hex(publish(7))}, 65536) = ${publish(7).length}`,
      sync(),
      writeOf(puback(7)),
    ];
    expect(check(lines).early).toMatchObject([{ messageId: 7 }]);
  });

  it('tells apart the messages of one read and the acknowledgements of one write', () => {
    const two = Buffer.concat([publish(1), publish(2)]);
    const answers = `1 writev(${SOCKET}, [{iov_base=${hex(puback(1))}, iov_len=4}, {iov_base=${hex(puback(2))}, iov_len=4}], 2) = 8`;
    expect(check([readOf(two), page(), sync(), answers])).toEqual({ acknowledged: 2, commits: 1, early: [] });
  });

  it('counts of a write only what has left', () => {
    const answers = Buffer.concat([puback(1), puback(2)]);
    const short = `1 write(${SOCKET}, ${hex(answers)}, 8) = 4`;
    expect(check([readOf(Buffer.concat([publish(1), publish(2)])), page(), sync(), short]).acknowledged).toBe(1);
  });

  it('looks at telemetry of QoS 1 and at nothing else', () => {
    const foreign = publishPacket('town/noise', Buffer.from('x'), 1);
    const lines = [
      readOf(foreign),
      writeOf(puback(0)),
      readOf(publishPacket('aimak/v1/t/a/telemetry', Buffer.from('1'), 0)),
    ];
    expect(check(lines)).toEqual({ acknowledged: 0, commits: 0, early: [] });
  });
});

describe('a line of strace', () => {
  it('refuses bytes that strace has cut short', () => {
    expect(() => parseTraceLine(`1 read(${SOCKET}, "\\x30\\x31"..., 65536) = 900`)).toThrow(/cut/);
  });

  it.each(['', '+++ exited with 0 +++', '1 --- SIGCHLD {si_signo=SIGCHLD} ---', '1 exit_group(0) = ?'])(
    'is nothing where it is no call on a descriptor: %s',
    (line) => {
      expect(parseTraceLine(line)).toBeNull();
    },
  );
});
