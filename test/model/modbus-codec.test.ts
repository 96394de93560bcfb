import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeField, decodeWords, encodeField, encodeWords } from '../../model/modbus-codec.ts';
import { BYTE_ORDERS, type ByteOrder, type RegisterField, type RegisterType, WORDS } from '../../model/register-map.ts';

const INTEGERS = ['int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64'] as const;
const TYPES = [...INTEGERS, 'float32', 'float64'] as const;

function part(type: RegisterType, order: ByteOrder = 'ABCD', mask: number | null = null) {
  return { address: 0, type, order, mask };
}

function field(type: RegisterType, more: Partial<RegisterField> & { order?: ByteOrder } = {}): RegisterField {
  const { order, ...rest } = more;
  return {
    metric: 'pressure',
    table: 'holding',
    address: 0,
    count: WORDS[type],
    parts: [part(type, order)],
    scale: 1,
    offset: 0,
    isInverted: false,
    errorValue: null,
    unsupportedValue: null,
    rawMin: Number.NEGATIVE_INFINITY,
    rawMax: Number.POSITIVE_INFINITY,
    rollsOverAt: null,
    poll: 'normal',
    ...rest,
  };
}

function read(of: RegisterField, ...cells: number[]) {
  return decodeField(of, { table: of.table, address: 0, cells });
}

/** Any raw number that a type holds and a double names. */
function rawOf(type: (typeof TYPES)[number]): fc.Arbitrary<number> {
  const finite = { noNaN: true, noDefaultInfinity: true };
  if (type === 'float32') return fc.float(finite);
  if (type === 'float64') return fc.double(finite);
  const bits = Math.min(16 * WORDS[type], 53);
  const isSigned = type.startsWith('int');
  const max = isSigned ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
  return fc.integer({ min: isSigned ? -(2 ** (bits - 1)) : 0, max });
}

describe.each(TYPES)('%s', (type) => {
  it.each(BYTE_ORDERS)('comes back from its words in %s', (order) => {
    fc.assert(
      fc.property(rawOf(type), (raw) => {
        const words = encodeWords(raw, part(type, order));
        expect(words).toHaveLength(WORDS[type]);
        const back = decodeWords(words, part(type, order));
        expect(type === 'float32' ? Math.fround(back) : back).toBe(raw);
      }),
    );
  });

  it('keeps any words that are a number', () => {
    const words = fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: WORDS[type], maxLength: WORDS[type] });
    fc.assert(
      fc.property(words, fc.constantFrom(...BYTE_ORDERS), (cells, order) => {
        const raw = decodeWords(cells, part(type, order));
        if (!Number.isFinite(raw) || (INTEGERS.some((each) => each === type) && !Number.isSafeInteger(raw))) return;
        expect(encodeWords(raw, part(type, order))).toEqual(cells);
      }),
    );
  });
});

describe('the four orders', () => {
  it.each([
    ['ABCD', [0x4212, 0x806b]],
    ['CDAB', [0x806b, 0x4212]],
    ['BADC', [0x1242, 0x6b80]],
    ['DCBA', [0x6b80, 0x1242]],
  ] as const)('%s of a float32', (order, words) => {
    expect(decodeWords(words, part('float32', order))).toBe(36.62541);
    expect(encodeWords(36.62541, part('float32', order))).toEqual(words);
  });

  it('are those of python3, of all types', ({ skip }) => {
    const { stdout, error } = spawnSync('python3', ['-c', PYTHON], { encoding: 'utf8' });
    if (error) skip('python3 is not installed');
    const vectors = JSON.parse(stdout) as [(typeof TYPES)[number], ByteOrder, number, number[]][];
    expect(vectors).toHaveLength(TYPES.length * BYTE_ORDERS.length * 4);
    for (const [type, order, value, words] of vectors) {
      expect(encodeWords(value, part(type, order)), `${value} as ${type} ${order}`).toEqual(words);
      const back = decodeWords(words, part(type, order));
      expect(type === 'float32' ? Math.fround(back) : back).toBe(type === 'float32' ? Math.fround(value) : value);
    }
  });
});

const PYTHON = `
import json, struct
KINDS = {'int16': 'h', 'uint16': 'H', 'int32': 'i', 'uint32': 'I', 'int64': 'q', 'uint64': 'Q', 'float32': 'f', 'float64': 'd'}
VALUES = {'h': [0, 1, -2, -32768], 'H': [0, 1, 258, 65535], 'i': [0, 1, -70000, 2**31 - 1], 'I': [0, 66051, 70000, 2**32 - 1],
          'q': [0, -1, 2**40 + 3, -2**53], 'Q': [0, 1, 2**40 + 3, 2**53], 'f': [0.0, 12.3, -1e-9, 6.10383], 'd': [0.0, 12.3, -1e-200, 88210.375]}
out = []
for kind, code in KINDS.items():
    for value in VALUES[code]:
        data = struct.pack('>' + code, value)
        for order in ['ABCD', 'CDAB', 'BADC', 'DCBA']:
            pairs = [data[i:i + 2] for i in range(0, len(data), 2)]
            if order in ('BADC', 'DCBA'): pairs = [p[::-1] for p in pairs]
            if order in ('CDAB', 'DCBA'): pairs = pairs[::-1]
            out.append([kind, order, value, [int.from_bytes(p, 'big') for p in pairs]])
print(json.dumps(out))
`;

describe('a value', () => {
  it('is as exact as its register: 123 x 0.1 is 12.3', () => {
    expect(read(field('uint16', { scale: 0.1 }), 123)).toBe(12.3);
    expect(read(field('int16', { scale: 0.01, offset: -40 }), 4321)).toBe(3.21);
    expect(read(field('uint16', { scale: 1e-7 }), 3)).toBe(3e-7);
  });

  it('of a float32 is the shortest decimal that names it', () => {
    expect(read(field('float32', { scale: 3600 }), 0x40c3, 0x5293)).toBe(21973.788);
  });

  it('comes back to the same registers, scaled and shifted', () => {
    const scale = fc.constantFrom(1, 0.1, 0.001, 1 / 3, 1e-6, 10, -0.01, 5 / 16e6);
    const offset = fc.constantFrom(0, -40, 0.25, 512.4, -1.25);
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), scale, offset, (raw, by, plus) => {
        const of = field('int32', { scale: by, offset: plus });
        const cells = encodeWords(raw, part('int32'));
        expect(encodeField(of, read(of, ...cells))).toEqual(cells);
      }),
    );
  });

  it('is null where the device says so, compared bit by bit', () => {
    expect(read(field('int32', { errorValue: 0x7fffffff }), 0x7fff, 0xffff)).toBeNull();
    expect(read(field('int16', { errorValue: 0xffff }), 0xffff)).toBeNull();
    expect(read(field('int16', { unsupportedValue: -32768 }), 0x8000)).toBeNull();
    expect(read(field('int64', { unsupportedValue: 0x8000000000000000 }), 0x8000, 0, 0, 0)).toBeNull();
    expect(read(field('int32', { errorValue: 0x7fffffff, order: 'CDAB' }), 0xffff, 0x7fff)).toBeNull();
  });

  it('is null where a float is no number', () => {
    expect(read(field('float32'), 0x7fc0, 0)).toBeNull();
    expect(read(field('float32'), 0x7f80, 0)).toBeNull();
    expect(read(field('float64'), 0x7ff8, 0, 0, 0)).toBeNull();
  });

  it('is null where the raw value is out of bounds', () => {
    const loop = field('uint16', { rawMin: 3600, rawMax: 21_000 });
    expect([3599, 3600, 21_000, 21_001].map((raw) => read(loop, raw))).toEqual([null, 3600, 21_000, null]);
  });

  it('may be an integer and its decimal fraction', () => {
    const parts = [part('int32', 'CDAB'), { ...part('float32', 'CDAB'), address: 2 }];
    const total = field('int32', { parts, count: 4, scale: 0.1 });
    expect(encodeField(total, 8821.025)).toEqual([0x5892, 0x0001, 0x0000, 0x3e80]);
    expect(read(total, 0x5892, 0x0001, 0x0000, 0x3e80)).toBe(8821.025);
  });

  it('may be some bits of a register', () => {
    const quality = field('uint16', { parts: [part('uint16', 'ABCD', 0xff00)] });
    expect(read(quality, 0x5217)).toBe(0x52);
    expect(encodeField(quality, 0x52)).toEqual([0x5200]);
  });

  it('of a bit is yes or no, either way round', () => {
    expect([0, 1].map((bit) => read(field('bool', { table: 'coil' }), bit))).toEqual([false, true]);
    expect([0, 1].map((bit) => read(field('bool', { table: 'coil', isInverted: true }), bit))).toEqual([true, false]);
    expect(encodeField(field('bool', { isInverted: true }), true)).toEqual([0]);
    expect(read(field('bool', { parts: [part('bool', 'ABCD', 0x4)] }), 0b1011)).toBe(false);
  });

  it('of an integer beyond 2^53 is the nearest double', () => {
    expect(read(field('uint64'), 0x0020, 0, 0, 1)).toBe(2 ** 53);
  });
});

describe('a register that is to hold', () => {
  it('a counter begins anew when it is full', () => {
    const litres = field('uint32', { scale: 0.01, rollsOverAt: 2 ** 32 * 0.01 });
    expect(encodeField(litres, 42_949_672.96)).toEqual([0, 0]);
    expect(encodeField(litres, 42_949_673)).toEqual([0, 4]);
  });

  it('a number too large holds the largest that fits', () => {
    expect(encodeField(field('int16'), 40_000)).toEqual([0x7fff]);
    expect(encodeField(field('uint16'), -1)).toEqual([0]);
  });

  it('no reading says so where it can', () => {
    expect(encodeField(field('int32', { errorValue: 0x7fffffff }), null)).toEqual([0x7fff, 0xffff]);
    expect(read(field('float32'), ...(encodeField(field('float32'), null) ?? []))).toBeNull();
    expect(encodeField(field('uint16'), null)).toBeNull();
  });
});
