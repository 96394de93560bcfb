import { describe, expect, it, onTestFinished } from 'vitest';
import { createPace } from '../../../device-sim/modbus/pace.ts';
import { createRtuReader, createTcpReader } from '../../../device-sim/modbus/request-frames.ts';
import { createSimUnit, type DeviceValues } from '../../../device-sim/modbus/unit.ts';
import { decodeField } from '../../../model/modbus-codec.ts';
import { fromRtuFrame, parseReadAnswer, readRequest, toRtuFrame, writeRequest } from '../../../model/modbus-frame.ts';
import { planReads } from '../../../model/read-plan.ts';
import type { Span } from '../../../model/register-map.ts';
import type { SimFault } from '../../../model/sim-fault.ts';
import { freePort } from '../../harness/free-port.ts';
import { bridgeFile, connectAsker, createUnitsFor } from './bus.ts';

const METER: DeviceValues = { flow_rate: 12.34, volume_total: 88_210.25, flow_velocity: 1.5, signal_quality: 82 };
const tcp = { host: '127.0.0.1', port: 1 };

/** The units of one address, asked without a line between. */
function unitOf(values: Record<string, DeviceValues>, ...units: object[]) {
  const members = bridgeFile({ id: 'b1', tcp, units }).buses[0]?.units ?? [];
  const unit = createSimUnit(members, (device) => values[device] ?? {});
  const read = (span: Span) => parseReadAnswer(unit.answer(readRequest(span)) ?? new Uint8Array(), span);
  return {
    answer: unit.answer,
    read,
    readAll(device: string) {
      const member = members.find((each) => each.device === device) ?? expect.fail();
      const { blocks } = planReads(member.fields, member.map.limits);
      return Object.fromEntries(
        blocks.flatMap((block) => {
          const cells = read(block);
          return block.fields.map((field) => [field.metric, cells && decodeField(field, { ...block, cells })]);
        }),
      );
    },
  };
}

const meter = { unit: 1, device: 'meter-1', profile: 'tuf-2000m' };
const [inputs, holding] = [
  (address: number, count: number): Span => ({ table: 'input', address, count }),
  (address: number, count: number): Span => ({ table: 'holding', address, count }),
];

describe('a simulated unit', () => {
  it.each<[string, DeviceValues, object]>([
    ['a flow meter', METER, { profile: 'tuf-2000m' }],
    ['a magnetic one', { flow_rate: 45, volume_total: 88_210.375 }, { profile: 'mag-6000' }],
    ['a pulse counter', { volume_total: 88_210.37 }, { profile: 'wb-mcm8-water', channel: 3, litresPerPulse: 10 }],
    ['kWh pulses', { energy_total: 4321.125 }, { profile: 'wb-mcm8-energy', channel: 1, pulsesPerKwh: 1000 }],
    ['a level', { level: 2.345 }, { profile: 'wb-mai6', channel: 6, levelAt4mA: 0, levelAt20mA: 4 }],
    [
      'a level by counts of 1 uA',
      { level: 2.345 },
      { profile: 'waveshare-ai-8ch', channel: 8, levelAt4mA: 0, levelAt20mA: 4 },
    ],
    ['a relay', { contactor_on: true }, { profile: 'waveshare-relay', channel: 8 }],
    [
      'a relay with an input',
      { contactor_on: false, breaker_closed: true },
      { profile: 'wb-mr6c', channel: 6, input: 1 },
    ],
  ])('says by its registers what the village knows of %s', (_, values, entry) => {
    const unit = unitOf({ it: values }, { unit: 1, device: 'it', ...entry });
    expect(unit.readAll('it')).toEqual(values);
  });

  it.each(['sdm630', 'iem3000', 'dtsu666'])('says by its registers what a cabinet takes, as %s', (profile) => {
    const [phases, rest] = [[1, 2, 3], { frequency: 50.02, reactive_power: -221.2, active_power: 2093.7 }];
    const each = (name: string, value: number) => Object.fromEntries(phases.map((i) => [`${name}_l${i}`, value + i]));
    const values = { ...each('voltage', 229.4), ...each('current', 4.1), ...each('active_power', 690.3), ...rest };
    const energy = { energy_total: 12_345.67, energy_export: 0.5 };
    const unit = unitOf({ it: { ...values, ...energy } }, { unit: 1, device: 'it', profile });
    const said = unit.readAll('it');
    for (const [metric, value] of Object.entries({ ...values, ...energy }))
      expect(said[metric], metric).toBeCloseTo(value, 2);
  });

  it('serves the channels of several devices, and says 0 on one that nobody uses', () => {
    const channel = { unit: 5, profile: 'wb-mcm8-water', litresPerPulse: 1 };
    const values = { a: { volume_total: 1 }, b: { volume_total: 70 } };
    const unit = unitOf(values, { ...channel, device: 'a', channel: 1 }, { ...channel, device: 'b', channel: 3 });
    expect(unit.read(inputs(60, 16))).toEqual([0, 1000, 0, 0, 1, 4464, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('counts on from 0 when its counter is full', () => {
    const values = { it: { volume_total: 42_949_673 } };
    const unit = unitOf(values, { unit: 1, device: 'it', profile: 'wb-mcm8-water', channel: 1, litresPerPulse: 10 });
    expect(unit.read(inputs(60, 2))).toEqual([0, 4]);
  });

  it.each<[string, Uint8Array, number[]]>([
    ['a register behind its last', readRequest(holding(91, 2)), [0x83, 2]],
    ['another table', readRequest(inputs(0, 2)), [0x84, 2]],
    ['nothing', readRequest(holding(0, 0)), [0x83, 3]],
    ['more than it gives at once', readRequest(holding(0, 65)), [0x83, 3]],
    ['half a request', Uint8Array.of(3, 0, 0), [0x83, 3]],
    ['to be switched', writeRequest('coil', 0, 0xff00), [0x85, 1]],
    ['to be written', writeRequest('holding', 0, 1), [0x86, 1]],
    ['several coils to be written', Uint8Array.of(15, 0, 0, 0, 1, 1, 1), [0x8f, 1]],
    ['several registers to be written', Uint8Array.of(16, 0, 0, 0, 1, 2, 0, 1), [0x90, 1]],
    ['a function that it does not have', Uint8Array.of(43, 14, 1, 0), [0xab, 1]],
  ])('asked for %s, answers with an exception', (_, request, expected) => {
    expect([...(unitOf({ 'meter-1': METER }, meter).answer(request) ?? [])]).toEqual(expected);
  });

  it('gives what lies between its registers as zeros, or refuses it, as its profile says', () => {
    expect(unitOf({ 'meter-1': METER }, meter).read(holding(20, 3))).toEqual([0, 0, 0]);
    const magnetic = unitOf({ it: { flow_rate: 1, volume_total: 1 } }, { unit: 1, device: 'it', profile: 'mag-6000' });
    expect([...(magnetic.answer(readRequest(holding(3002, 3))) ?? [])]).toEqual([0x83, 2]);
  });

  it('says that there is no reading where it can, and fails the read where it cannot', () => {
    const level = { unit: 1, device: 'it', profile: 'wb-mai6', channel: 1, levelAt4mA: 0, levelAt20mA: 4 };
    const failed = { level: null, other: 1 };
    expect(unitOf({ it: failed }, level).read(inputs(0x1500, 2))).toEqual([0x7fff, 0xffff]);
    expect(unitOf({ 'meter-1': { ...METER, flow_rate: null } }, meter).readAll('meter-1')).toEqual({
      ...METER,
      flow_rate: null,
    });
    const bits = { unit: 1, device: 'it', profile: 'waveshare-relay', channel: 1 };
    const coil = unitOf({ it: { contactor_on: null, other: 1 } }, bits);
    expect([...(coil.answer(readRequest({ table: 'coil', address: 0, count: 1 })) ?? [])]).toEqual([0x81, 4]);
  });

  it('is silent without power: when none of its devices knows anything', () => {
    const unit = unitOf({ 'meter-1': { flow_rate: null, volume_total: null } }, meter);
    expect(unit.answer(readRequest(holding(0, 2)))).toBeNull();
  });
});

describe('requests', () => {
  const first = toRtuFrame(1, readRequest(holding(0, 2)));
  const second = toRtuFrame(9, Uint8Array.of(16, 0, 0, 0, 1, 2, 0, 1));

  it('are found on a line however they are cut, with noise around them', () => {
    const reader = createRtuReader();
    const bytes = Uint8Array.of(0, 0xff, ...first, 0x55, 1, 3, ...second, 1);
    const found = [...bytes].flatMap((byte) => reader.take(Uint8Array.of(byte)));
    expect(found.map(({ unit, pdu }) => [unit, pdu.length])).toEqual([
      [1, 5],
      [9, 8],
    ]);
  });

  it('are found behind a kilobyte of noise', () => {
    const reader = createRtuReader();
    expect(reader.take(new Uint8Array(1000).fill(0x11))).toEqual([]);
    expect(reader.take(first)).toHaveLength(1);
  });

  it('over TCP must have the header of Modbus', () => {
    expect(() => createTcpReader().take(new TextEncoder().encode('GET / HTTP/1.1'))).toThrow('not Modbus TCP');
  });
});

describe('the pace of a serial line', () => {
  it('takes 11 bits a character, the silence between frames, and one after the other', () => {
    let now = 0;
    const pace = createPace(9600, () => now);
    const ms = ((8 + 3.5 + 9) * 11_000) / 9600;
    expect(pace.msUntilSaid(5, 9)).toBeCloseTo(ms, 9);
    expect(pace.msUntilSaid(5, 9)).toBeCloseTo(2 * ms, 9);
    now = 1000;
    expect(pace.msUntilSaid(5, 9)).toBeCloseTo(ms, 9);
    expect(createPace(null, () => now).msUntilSaid(5, 9)).toBe(0);
  });
});

describe('units behind a socket', () => {
  const units = createUnitsFor(onTestFinished);
  const request = readRequest(holding(0, 2));

  async function line(kind: 'tcp' | 'rtuOverTcp', faults: Partial<SimFault>[] = []) {
    const port = await freePort();
    const acting = (name: string) => faults.find((each) => each.kind === name) as SimFault | undefined;
    const sim = await units({
      bridgeFile: bridgeFile({ id: 'b1', [kind]: { host: '127.0.0.1', port }, units: [meter] }),
      values: () => METER,
      faults: { acting },
      isPaced: false,
    });
    const asker = await connectAsker(port);
    onTestFinished(asker.end);
    return { sim, asker, port };
  }

  it('answer over TCP with the number of the request', async () => {
    const { asker } = await line('tcp');
    const answer = await asker.ask(Uint8Array.of(0xab, 0xcd, 0, 0, 0, 6, 1, ...request), 13);
    expect([...answer.subarray(0, 9)]).toEqual([0xab, 0xcd, 0, 0, 0, 7, 1, 3, 4]);
  });

  it('answer over TCP for a unit that is not there as a converter does', async () => {
    const { asker } = await line('tcp');
    const answer = await asker.ask(Uint8Array.of(0, 1, 0, 0, 0, 6, 99, ...request), 9);
    expect([...answer]).toEqual([0, 1, 0, 0, 0, 3, 99, 0x83, 11]);
  });

  it('cut off who does not speak Modbus', async () => {
    const { asker } = await line('tcp');
    await expect(asker.ask(new TextEncoder().encode('GET / HTTP/1.1\r\n\r\n'), 1)).rejects.toThrow('closed');
  });

  it('answer in RTU frames over TCP, and count', async () => {
    const { asker, sim } = await line('rtuOverTcp');
    const answer = fromRtuFrame(await asker.ask(toRtuFrame(1, request), 9));
    expect(answer).toMatchObject({ unit: 1, pdu: Uint8Array.of(3, 4, 0x70, 0xa4, 0x41, 0x45) });
    expect(sim.counts()).toEqual({ requests: 1, answers: 1, silent: 0, dropped: 0 });
  });

  const right = toRtuFrame(1, Uint8Array.of(3, 4, 0x70, 0xa4, 0x41, 0x45));

  it.each<[string, Partial<SimFault>, Uint8Array]>([
    ['answers short', { kind: 'modbus-short' }, right.subarray(0, -3)],
    ['answers with a bad checksum', { kind: 'modbus-bad-crc' }, right.map((byte, i) => (i === 6 ? byte ^ 0x10 : byte))],
    ['answers for another unit', { kind: 'modbus-wrong-unit' }, toRtuFrame(2, right.subarray(1, -2))],
    [
      'answers with an exception',
      { kind: 'modbus-exception', sizes: { code: 6 } },
      toRtuFrame(1, Uint8Array.of(0x83, 6)),
    ],
    ['answers late', { kind: 'modbus-late', sizes: { byMs: 5 } }, right],
    ['has garbage before its answer', { kind: 'modbus-garbage' }, Uint8Array.of(0, 0xff, 0x55, 0xfe, 0, ...right)],
  ])('a unit that misbehaves %s', async (_, fault, expected) => {
    const { asker } = await line('rtuOverTcp', [fault]);
    expect([...(await asker.ask(toRtuFrame(1, request), expected.length))]).toEqual([...expected]);
  });

  it('a silent unit says nothing, nor does one that is not on the line', async () => {
    const { asker, sim } = await line('rtuOverTcp', [{ kind: 'modbus-silent' }]);
    const other = asker.ask(Uint8Array.of(...toRtuFrame(1, request), ...toRtuFrame(99, request)), 1);
    await expect.poll(() => sim.counts()).toEqual({ requests: 2, answers: 0, silent: 2, dropped: 0 });
    asker.end();
    await expect(other).rejects.toThrow('closed');
  });

  it('say in one sentence that their port is in use', async () => {
    const { port } = await line('tcp');
    const again = bridgeFile({ id: 'b7', tcp: { host: '127.0.0.1', port }, units: [meter] });
    await expect(units({ bridgeFile: again, values: () => METER })).rejects.toThrow(
      `bus "b7": 127.0.0.1:${port} is in use`,
    );
  });

  it('say which end of a serial line they need', async () => {
    const file = bridgeFile({ id: 'b1', rtu: { path: '/dev/ttyUSB0' }, units: [meter] });
    await expect(units({ bridgeFile: file, values: () => METER })).rejects.toThrow('bus "b1" has no rtu.simPath');
  });
});
