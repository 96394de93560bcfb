import { describe, expect, it } from 'vitest';
import { decodeField } from '../../model/modbus-codec.ts';
import {
  crc16,
  fromRtuFrame,
  isBits,
  parseReadAnswer,
  parseReadRequest,
  toRtuFrame,
} from '../../model/modbus-frame.ts';
import { parseProfile } from '../../model/profile.ts';
import { resolveFields, resolveParams } from '../../model/register-fields.ts';
import { type Params, type RegisterField, type RegisterMap, type Span, WORDS } from '../../model/register-map.ts';
import { shippedFile, shippedProfiles } from './shipped-profiles.ts';

const shipped = [...shippedProfiles().values()].flatMap((profile) =>
  profile.modbus ? [{ id: profile.id, profile, map: profile.modbus }] : [],
);

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

function faultsOf(modbus: object, metrics: object = { flow_rate: {}, volume_total: {}, pump_running: {} }): string[] {
  const parsed = parseProfile({
    id: 'meter',
    kind: 'flow_meter',
    everyS: 60,
    metrics,
    modbus: { verified: false, source: 'a test', ...modbus },
  });
  return parsed.ok ? [] : parsed.faults.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

const flow = { table: 'holding', address: 0, type: 'float32', order: 'ABCD' };
const total = { table: 'holding', address: 2, type: 'uint32', order: 'CDAB' };

describe('the shipped register maps', () => {
  it('are those of ten devices, the pulse counter for water and for energy', () => {
    expect(shipped.map(({ id }) => id).toSorted()).toEqual([
      'dtsu666',
      'iem3000',
      'mag-6000',
      'sdm630',
      'tuf-2000m',
      'waveshare-ai-8ch',
      'waveshare-relay',
      'wb-mai6',
      'wb-mcm8-energy',
      'wb-mcm8-water',
      'wb-mr6c',
    ]);
  });

  it.each(shipped)('$id has a golden vector for each field, a source, and its doubts', ({ map }) => {
    const proved = map.golden.flatMap(({ values, response, cells }) => (response || cells ? Object.keys(values) : []));
    expect(new Set(proved)).toEqual(new Set(Object.keys(map.fields)));
    expect(map.source).toMatch(/\w+/);
    expect(map.doubts.length).toBeGreaterThan(0);
  });

  it.each(shipped)('$id gives each of its metrics, read or derived', ({ profile, map }) => {
    expect(new Set([...Object.keys(map.fields), ...Object.keys(map.derived)])).toEqual(new Set(profile.metrics.keys()));
  });

  it.each(shipped)('$id: what is not read with every report is not taken for silent between', ({ map, profile }) => {
    const seldom = Object.entries(map.fields).filter(([, { poll }]) => poll === 'slow' || poll === 'once');
    for (const [metric] of seldom) expect(profile.metrics.get(metric)?.reporting).toBe('on-change');
  });

  it.each(shipped)('$id: a changed byte of a response is found, by its checksum', ({ id, map }) => {
    map.golden.forEach(({ response }, i) => {
      if (!response) return;
      const faults = faultsWith(id, i, changed(response, { at: 3, by: 1 }));
      expect(faults).toEqual([`modbus.golden.0: the checksum of the response is wrong`]);
    });
  });

  it.each(shipped)('$id: a changed byte of a value is found, though the checksum is right', ({ id, map, profile }) => {
    let found = 0;
    map.golden.forEach(({ response, params, values, request }, i) => {
      const fields = resolveFields(map, profile.metrics, resolvedParams(map, params));
      if (!response || !request || !fields.ok) return;
      // What is no reading stays none.
      const told = fields.value.filter(({ metric }) => (values[metric] ?? null) !== null);
      for (const field of told) {
        for (const change of changesOf(field, askedBy(request))) {
          const frame = toRtuFrame(response[0] ?? 0, changed(response, change).subarray(1, -2));
          const sentence = `modbus.golden.0: ${field.metric} is ${values[field.metric]}, but`;
          expect(faultsWith(id, i, frame).join()).toContain(sentence);
          found++;
        }
      }
    });
    expect(found).toBeGreaterThan(0);
  });

  interface Change {
    readonly at: number;
    readonly by: number;
  }

  /** One bit of each byte that says something of the field. */
  function changesOf({ parts, table, address }: RegisterField, asked: Span): Change[] {
    const bit = address - asked.address;
    if (isBits(table)) return [{ at: 3 + (bit >> 3), by: 1 << (bit & 7) }];
    return parts.flatMap(({ address: first, type, mask }) =>
      Array.from({ length: 2 * WORDS[type] }, (_, byte) => byte)
        .filter((byte) => mask === null || (mask >> (byte % 2 === 0 ? 8 : 0)) & 1)
        .map((byte) => ({ at: 3 + 2 * (first - asked.address) + byte, by: 1 })),
    );
  }

  function askedBy(request: Uint8Array): Span {
    return parseReadRequest(request.subarray(1, -2)) ?? expect.fail();
  }

  function changed(frame: Uint8Array, { at, by }: Change): Uint8Array {
    return frame.with(at, (frame[at] ?? 0) ^ by);
  }

  function resolvedParams(map: RegisterMap, given: Params): Params {
    const resolved = resolveParams(map, given);
    return resolved.ok ? resolved.value : expect.fail();
  }

  /** Of the shipped profile, as it is written, with this response in that one vector. */
  function faultsWith(id: string, golden: number, response: Uint8Array): string[] {
    const raw = shippedFile(id);
    const parsed = parseProfile({
      ...raw,
      modbus: { ...raw.modbus, golden: [{ ...raw.modbus.golden[golden], response: hex(response) }] },
    });
    return parsed.ok ? [] : parsed.faults.map(({ path, message }) => `${path.join('.')}: ${message}`);
  }
});

function hex(data: Uint8Array): string {
  return Buffer.from(data).toString('hex').replaceAll(/..\B/g, '$& ').trim();
}

describe('the golden vectors of the reference, byte for byte', () => {
  it.each([
    ['TUF-2000M, registers 1 to 10', '01 03 00 00 00 0A C5 CD'],
    ['MAG 6000, the request of the example', '01 03 0B B8 00 02 46 0A'],
    ['MAG 6000, the response with the checksum that is right', '01 03 04 40 C3 52 93 62 C2'],
    ['Waveshare analogue input, all eight', '01 04 00 00 00 08 F1 CC'],
    ['Waveshare relay, output 1 on', '01 05 00 00 FF 00 8C 3A'],
    ['Waveshare relay, all on', '01 05 00 FF FF FF FC 4A'],
  ])('%s', (_, frame) => {
    expect(fromRtuFrame(bytes(frame))).not.toBeNull();
    const written = shipped.flatMap(({ map }) => map.golden.flatMap(({ request, response }) => [request, response]));
    expect(written.some((each) => each && hex(each).toUpperCase() === frame)).toBe(true);
  });

  it('TUF-2000M: 806B 4212 is 36.6254 m3/h', () => {
    expect(read('tuf-2000m', 'flow_rate', [0x806b, 0x4212])).toBeCloseTo(36.6254, 4);
  });

  it('MAG 6000: 40 C3 52 93 is 6.10383, as the page says, and its printed checksum is not right', () => {
    const answer = fromRtuFrame(bytes('01 03 04 40 C3 52 93 62 C2'));
    const words = parseReadAnswer(answer?.pdu ?? new Uint8Array(), { table: 'holding', address: 3000, count: 2 });
    expect((read('mag-6000', 'flow_rate', words ?? []) as number) / 3600).toBeCloseTo(6.10383, 5);
    expect(fromRtuFrame(bytes('01 03 04 40 C3 52 93 62 C8'))).toBeNull();
  });

  it('has the checksum of the standard', () => {
    expect(crc16(new TextEncoder().encode('123456789'))).toBe(0x4b37);
  });

  function read(id: string, metric: string, cells: readonly number[]) {
    const { profile, map } = shipped.find((each) => each.id === id) ?? expect.fail();
    const fields = resolveFields(map, profile.metrics);
    const field = fields.ok ? fields.value.find((each) => each.metric === metric) : undefined;
    return field ? decodeField(field, { ...field, cells }) : undefined;
  }
});

describe('the linter', () => {
  it('finds nothing wrong with a sound map', () => {
    expect(faultsOf({ fields: { flow_rate: flow, volume_total: total } })).toEqual([]);
  });

  it.each<[string, object, string]>([
    [
      'fields that overlap',
      { fields: { flow_rate: flow, volume_total: { ...total, address: 1 } } },
      'modbus.fields.volume_total.address: overlaps flow_rate (holding 0 to 1)',
    ],
    [
      'a field longer than a read',
      { fields: { flow_rate: flow }, limits: { maxRegisters: 1 } },
      'modbus.fields.flow_rate: needs 2 registers in one read; the device gives 1',
    ],
    [
      'an address out of range',
      { fields: { flow_rate: { ...flow, address: 65_535 } } },
      'modbus.fields.flow_rate.address: the address of flow_rate would be 65535',
    ],
    [
      'two words without an order',
      { fields: { flow_rate: { ...flow, order: undefined } } },
      'modbus.fields.flow_rate.order: expected, since float32 has 2 words',
    ],
    [
      'an order of one word',
      { fields: { flow_rate: { ...flow, type: 'int16' } } },
      'modbus.fields.flow_rate.order: int16 has one word: expected none, or BADC where its bytes are swapped',
    ],
    [
      'an order of bits',
      { fields: { flow_rate: { ...flow, type: 'uint16', mask: 3, order: 'BADC' } } },
      'modbus.fields.flow_rate.order: expected none of single bits',
    ],
    [
      'a metric that the profile does not have',
      { fields: { pressure: flow } },
      'modbus.fields.pressure: the profile has no metric "pressure"',
    ],
    [
      'a number for a yes/no',
      { fields: { pump_running: flow } },
      'modbus.fields.pump_running.type: expected bool: it is a yes/no',
    ],
    [
      'a number in a bit',
      { fields: { flow_rate: { table: 'coil', address: 0, type: 'int16' } } },
      'modbus.fields.flow_rate.type: expected bool: a coil is a bit',
    ],
    [
      'a formula of an unknown parameter',
      { fields: { flow_rate: { ...flow, scale: 'litres / 1000' } } },
      'modbus.fields.flow_rate.scale: "litres" is not among the params',
    ],
    [
      'a parameter that nothing uses',
      { params: { channel: { min: 1, max: 8 } }, fields: { flow_rate: flow } },
      'modbus.params.channel: nothing uses this parameter',
    ],
    [
      'channels that run into another field',
      {
        params: { channel: { min: 1, max: 8, isWhole: true } },
        fields: { flow_rate: { ...flow, address: '2 * channel' }, volume_total: { ...total, address: 16 } },
      },
      'modbus.fields.volume_total.address: overlaps flow_rate (holding 16 to 17)',
    ],
    [
      'a golden vector that does not hold',
      {
        fields: { flow_rate: flow },
        golden: [
          { about: 'x', verified: false, table: 'holding', address: 0, cells: [0x4248, 0], values: { flow_rate: 51 } },
        ],
      },
      'modbus.golden.0: flow_rate is 51, but the profile reads 50',
    ],
    [
      'a golden vector that reads something else',
      {
        fields: { flow_rate: flow },
        golden: [{ about: 'x', verified: false, request: '01 03 00 01 00 02 95 CB', values: { flow_rate: 1 } }],
      },
      'modbus.golden.0: flow_rate is not in what is read',
    ],
    [
      'a metric derived from no counter',
      { fields: { flow_rate: flow }, derived: { volume_total: { from: 'flow_rate', windowS: 60 } } },
      'modbus.derived.volume_total.from: expected a counter among the fields (got "flow_rate")',
    ],
  ])('finds %s', (_, modbus, sentence) => {
    expect(faultsOf(modbus)).toEqual([sentence]);
  });

  it('wants to know the source and whether it was verified', () => {
    expect(faultsOf({ fields: {}, verified: undefined, source: undefined })).toHaveLength(2);
  });

  it('refuses a formula that is none', () => {
    expect(faultsOf({ fields: { flow_rate: { ...flow, address: '2 * (' } } })).toEqual([
      'modbus.fields.flow_rate.address: expected a number, or a formula such as 58 + 2 * channel (got "2 * (")',
    ]);
  });
});
