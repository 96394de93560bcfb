import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { failed, type ReadRequest } from '../../firmware-bridge/bus/modbus-bus.ts';
import { type Guess, rankGuesses } from '../../firmware-bridge/probe/guess.ts';
import { readRaw, scanUnits } from '../../firmware-bridge/probe/scan.ts';
import { profileStub } from '../../firmware-bridge/probe/stub.ts';
import { decodeField, decodeWords, encodeWords } from '../../model/modbus-codec.ts';
import { parseProfile } from '../../model/profile.ts';
import { resolveFields } from '../../model/register-fields.ts';
import { BYTE_ORDERS, type ByteOrder, type RegisterType, WORDS } from '../../model/register-map.ts';

/** The words of a value at an address, among others. */
function cellsWith(value: number, type: RegisterType, order: ByteOrder, address: number): Map<number, number> {
  const noise = Array.from({ length: 12 }, (_, i) => [address - 4 + i, 40_000 + 1_237 * i] as const);
  const words = encodeWords(value, { type, order, mask: null });
  return new Map([...noise, ...words.map((word, i) => [address + i, word] as const)]);
}

const FLOAT64 = { type: 'float64', order: 'ABCD', mask: null } as const;
const INT64 = { type: 'int64', order: 'ABCD', mask: null } as const;

const expecting = (value: number, digits: number) => ({ kind: 'expect', value, digits }) as const;

describe('guessing what registers mean', () => {
  it.each(BYTE_ORDERS)('finds a float in order %s, counted from 1 or from 0', (order) => {
    const hint = expecting(36.6, 1);
    const from1 = rankGuesses(cellsWith(36.6254, 'float32', order, 9), 10, hint);
    expect(from1[0]).toMatchObject({ address: 9, base: 1, type: 'float32', order, scale: 1, value: 36.6254 });
    const from0 = rankGuesses(cellsWith(36.6254, 'float32', order, 10), 10, hint);
    expect(from0[0]).toMatchObject({ address: 10, base: 0, type: 'float32', order });
  });

  it.each<[RegisterType, number, number, number]>([
    ['uint16', 2301, 230.1, 0.1],
    ['uint32', 123_456_789, 123_456.79, 0.001],
    ['int32', -12_345, -123.45, 0.01],
    ['int64', 98_765_432_109, 98_765_432.11, 0.001],
    ['float64', 12_345.678, 12_345.68, 1],
  ])('finds %s %d behind %d', (type, raw, shown, scale) => {
    const guesses = rankGuesses(cellsWith(raw, type, 'ABCD', 7), 8, expecting(shown, 2));
    expect(guesses.slice(0, 3)).toContainEqual(expect.objectContaining({ address: 7, type, order: 'ABCD', scale }));
  });

  it('knows flows in m3/s and litres a second', () => {
    const cells = cellsWith(0.0101738, 'float32', 'ABCD', 7);
    expect(rankGuesses(cells, 8, expecting(36.63, 2))[0]).toMatchObject({ type: 'float32', scale: 3600 });
  });

  it('puts a float between the bounds before the same words in a wrong order', () => {
    const cells = cellsWith(2.75, 'float32', 'CDAB', 7);
    expect(rankGuesses(cells, 8, { kind: 'range', min: 0, max: 4 })[0]).toMatchObject({ order: 'CDAB', value: 2.75 });
  });

  it('says nothing where nothing fits', () => {
    expect(rankGuesses(cellsWith(5, 'uint16', 'ABCD', 7), 8, expecting(0.123456, 6))).toEqual([]);
  });

  it('finds a number whose two bytes are swapped', () => {
    const cells = new Map([[9, 0x2c01]]);
    expect(rankGuesses(cells, 10, expecting(300, 0))[0]).toMatchObject({ type: 'uint16', order: 'BADC', value: 300 });
  });

  it('writes a profile that reads what was guessed, whatever was in the registers', () => {
    const types: RegisterType[] = ['int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'float32', 'float64'];
    const word = fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0, 1, 0x7fff, 0x8000, 0xffff));
    const written = fc.record({
      type: fc.constantFrom(...types),
      words: fc.array(word, { minLength: 4, maxLength: 4 }),
      order: fc.constantFrom(...BYTE_ORDERS),
      scale: fc.constantFrom(1, 0.1, 0.01, 0.001, 1000, 3.6, 3600, 0.06),
      metric: fc.constantFrom('flow_rate', 'volume_total'),
    });
    fc.assert(
      fc.property(written, ({ type, words, order: anyOrder, scale, metric }) => {
        const cells = words.slice(0, WORDS[type]);
        const order = cells.length > 1 || anyOrder === 'BADC' ? anyOrder : 'ABCD';
        const read = decodeWords(cells, { type, order, mask: null }) * scale;
        fc.pre(Number.isFinite(read));
        const guesses = rankGuesses(new Map(cells.map((cell, i) => [9 + i, cell])), 10, expecting(read, 0));
        const guess = guesses.find((each) => each.type === type && each.order === order && each.scale === scale);
        if (!guess) throw new Error('it is not among the guesses');
        const stub = profileStub({ id: 'my-meter', kind: 'flow_meter', metric, table: 'holding', guess, cells });
        const profile = parseProfile(parse(stub));
        if (!profile.ok) throw new Error(`${stub}\n${JSON.stringify(profile.faults)}`);
        const { modbus = null, metrics } = profile.value;
        const fields = modbus && resolveFields(modbus, metrics);
        const field = fields?.ok ? fields.value[0] : undefined;
        expect(field && decodeField(field, { table: 'holding', address: 9, cells })).toBe(guess.value);
      }),
      { numRuns: 500 },
    );
  });

  it.each<[string, RegisterType, number, number[], number]>([
    ['a float64', 'float64', 1, encodeWords(88_210.3712345678, FLOAT64), 88_210.3712345678],
    ['an int64 of 15 digits', 'int64', 0.001, encodeWords(123_456_789_012_345, INT64), 123_456_789_012.345],
    ['a uint64 that counts', 'uint64', 0.001, encodeWords(123_456_789_012_345, INT64), 123_456_789_012.345],
  ])('gives %s with its golden vector, to the last digit', (_, type, scale, cells, value) => {
    const guess: Guess = { address: 9, base: 1, type, order: 'ABCD', scale, value };
    const stub = profileStub({ id: 'a', kind: 'flow_meter', metric: 'volume_total', table: 'holding', guess, cells });
    expect(parseProfile(parse(stub))).toMatchObject({
      ok: true,
      value: { modbus: { golden: [{ values: { volume_total: value } }] } },
    });
  });

  it('keeps to the words that were read', () => {
    const cells = new Map([[9, 1]]);
    for (const { address, type } of rankGuesses(cells, 10, expecting(1, 0)))
      expect([address, WORDS[type]]).toEqual([9, 1]);
  });
});

describe('a look at a line', () => {
  it('finds who answers, refuses, or knows only the other table', async () => {
    const bus = {
      read: async ({ unit, table }: ReadRequest) => {
        if (unit === 3) return { ok: true, cells: [17] } as const;
        if (unit === 5) return failed('exception', 2);
        if (unit === 7 && table === 'input') return { ok: true, cells: [4] } as const;
        return unit === 8 ? failed('exception', 11) : failed('timeout');
      },
    };
    const done: number[] = [];
    const found = await scanUnits(bus, {
      units: [1, 3, 5, 7, 8],
      timeoutMs: 10,
      onUnit: (unit) => void done.push(unit),
    });
    expect(found).toEqual([
      { unit: 3, table: 'holding', value: 17, exception: null },
      { unit: 5, table: 'holding', value: null, exception: 2 },
      { unit: 7, table: 'input', value: 4, exception: null },
    ]);
    expect(done).toEqual([1, 3, 5, 7, 8]);
  });

  it('reads around registers that the unit does not have', async () => {
    const bus = {
      read: async ({ address, count }: ReadRequest) =>
        address <= 4 && address + count > 4
          ? failed('exception', 2)
          : ({ ok: true, cells: Array.from({ length: count }, (_, i) => address + i) } as const),
    };
    const { cells } = await readRaw(bus, { unit: 1, table: 'holding', address: 2, count: 5, timeoutMs: 10 });
    expect([...cells.keys()].sort((a, b) => a - b)).toEqual([2, 3, 5, 6]);
  });
});
