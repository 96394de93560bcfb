/** What comes over the line from a Modbus unit that misbehaves, and from its neighbour that does not. */
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { type ModbusUnits, startModbusUnits } from '../../device-sim/modbus/modbus-units.ts';
import { parseBridgeFile } from '../../model/bridge-file.ts';
import { fromRtuFrame, readRequest, toRtuFrame } from '../../model/modbus-frame.ts';
import { profiles } from '../device-sim/village.ts';
import { freePort } from '../harness/free-port.ts';
import { begin, HALF_PAST_ONE_MS } from './play.ts';

const UNIT = 1;
const NEIGHBOUR = 7;
/** Unit, function, count, a float, checksum. */
const ANSWER_BYTES = 9;
const log = { info() {}, warn() {}, error() {} };

/** Bytes that came before the neighbour's answer, and those after it. */
interface Said {
  readonly before: Buffer;
  readonly after: Buffer;
}

it('modbus-silent: no answer', async () => {
  expect((await ask('modbus-silent')).before).toHaveLength(0);
});

it('modbus-late: the answer comes, after its neighbour’s', async () => {
  const { before, after } = await ask('modbus-late', ANSWER_BYTES);
  expect(before).toHaveLength(0);
  expect(fromRtuFrame(after)?.unit).toBe(UNIT);
});

it('modbus-short: an answer that ends too soon', async () => {
  const { before } = await ask('modbus-short');
  expect(before.subarray(0, 3)).toEqual(Buffer.of(UNIT, 3, 4));
  expect(before.length).toBeLessThan(ANSWER_BYTES);
});

it('modbus-bad-crc: a whole answer with a wrong checksum', async () => {
  const { before } = await ask('modbus-bad-crc');
  expect(before).toHaveLength(ANSWER_BYTES);
  expect(fromRtuFrame(before)).toBeNull();
});

it('modbus-wrong-unit: a sound answer under another number', async () => {
  const { before } = await ask('modbus-wrong-unit');
  expect(fromRtuFrame(before)?.pdu).toHaveLength(6);
  expect(fromRtuFrame(before)?.unit).not.toBe(UNIT);
});

it('modbus-exception: its code in place of values', async () => {
  const { before } = await ask('modbus-exception');
  expect(fromRtuFrame(before)).toMatchObject({ unit: UNIT, pdu: Buffer.of(0x83, 4) });
});

it('modbus-garbage: other bytes, and then a sound answer', async () => {
  const { before } = await ask('modbus-garbage');
  expect(before.length).toBeGreaterThan(ANSWER_BYTES);
  expect(fromRtuFrame(before.subarray(-ANSWER_BYTES))?.unit).toBe(UNIT);
});

/** Asks both for their flow, the faulty one first, in the middle of the fault. `more`: bytes to wait for after the neighbour's. */
async function ask(kind: string, more = 0): Promise<Said> {
  const town = await begin(kind);
  town.skip(HALF_PAST_ONE_MS);
  const port = await freePort();
  const bridgeFile = value(
    parseBridgeFile(
      {
        site: 'toru',
        gateway: 'bridge',
        buses: [
          {
            id: 'line',
            rtuOverTcp: { host: '127.0.0.1', port },
            units: [
              { unit: UNIT, device: 'meter-upper', profile: 'mag-6000' },
              { unit: NEIGHBOUR, device: 'meter-lower', profile: 'mag-6000' },
            ],
          },
        ],
      },
      profiles,
    ),
  );
  const options = { bridgeFile, values: town.values, faults: town.board, nowMs: () => town.nowMs, isPaced: false };
  const units: ModbusUnits = await startModbusUnits(options, { log });
  const line = connect(port, '127.0.0.1');
  try {
    const flow = readRequest({ table: 'holding', address: 3002, count: 2 });
    line.write(toRtuFrame(UNIT, flow));
    line.write(toRtuFrame(NEIGHBOUR, flow));
    return await hear(line, more);
  } finally {
    line.destroy();
    await units.stop();
  }
}

async function hear(line: AsyncIterable<Buffer>, more: number): Promise<Said> {
  let heard = Buffer.alloc(0);
  for await (const bytes of line) {
    heard = Buffer.concat([heard, bytes]);
    for (let at = 0; at + ANSWER_BYTES + more <= heard.length; at++) {
      const end = at + ANSWER_BYTES;
      if (fromRtuFrame(heard.subarray(at, end))?.unit !== NEIGHBOUR) continue;
      return { before: heard.subarray(0, at), after: heard.subarray(end) };
    }
  }
  throw new Error(`the line was closed after ${heard.toString('hex')}`);
}

function value<T>(parsed: { ok: true; value: T } | { ok: false; faults: readonly unknown[] }): T {
  if (parsed.ok) return parsed.value;
  throw new Error(JSON.stringify(parsed.faults));
}
