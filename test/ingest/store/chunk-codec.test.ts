import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeChunk, encodeChunk } from '../../../ingest/store/sqlite/chunk-codec.ts';
import type { SeriesColumns } from '../../../ingest/store/sqlite/columns.ts';

/** [ts, value, quality]; a value of null is a bad reading. */
type Row = readonly [number, number | null, number];

function columnsOf(rows: readonly Row[]): SeriesColumns {
  return {
    count: rows.length,
    ts: Float64Array.from(rows, ([ts]) => ts),
    value: Float64Array.from(rows, ([, value]) => value ?? Number.NaN),
    quality: Uint8Array.from(rows, ([, value, quality]) => (value === null ? 2 : quality)),
  };
}

const expectBack = (rows: readonly Row[]): number => {
  const columns = columnsOf(rows);
  const bytes = encodeChunk(columns);
  // Object.is per element: bit for bit but for the kinds of NaN, of which there is one here.
  expect(decodeChunk(bytes)).toStrictEqual(columns);
  return bytes.length;
};

const anyDouble = fc.double({ noNaN: true, noDefaultInfinity: true });
/** What devices send: few digits, whole numbers, float32 of a register, counters, states. */
const deviceValue = fc.oneof(
  fc.tuple(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: 0, max: 4 })).map(([n, digits]) => n / 10 ** digits),
  fc.integer({ min: 0, max: 1 }),
  anyDouble.map(Math.fround),
  fc.integer({ min: 0, max: 1e10 }),
);

function rowsOf(value: fc.Arbitrary<number>): fc.Arbitrary<Row[]> {
  return fc
    .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 4e12 }), fc.option(value, { freq: 10 }), fc.constantFrom(0, 1)), {
      selector: ([ts]) => ts,
      maxLength: 200,
    })
    .map((rows) => rows.sort(([a], [b]) => a - b));
}

describe('the chunk codec', () => {
  it('gives any doubles back bit for bit', () => {
    fc.assert(fc.property(rowsOf(anyDouble), (rows) => void expectBack(rows)));
  });

  it('gives what devices send back bit for bit', () => {
    fc.assert(
      fc.property(rowsOf(deviceValue), (rows) => void expectBack(rows)),
      { numRuns: 1_000 },
    );
  });

  it.each([
    [-0],
    [0.1 + 0.2],
    [Number.MAX_VALUE],
    [Number.MIN_VALUE],
    [-5e-324],
    [2 ** 53],
    [1e-9],
    [123456789.123456],
  ])('gives %d back', (value) => {
    expectBack([
      [0, value, 0],
      [1, -value, 1],
      [2, null, 2],
      [3, value, 0],
    ]);
  });

  it('gives a long number back that stands before one with many digits', () => {
    expectBack([
      [0, 8_107_786_597, 0],
      [1, 87.22265625, 0],
    ]);
  });

  it('takes two bytes at most for a reading of a steady device with three digits', () => {
    const rows = Array.from(
      { length: 2_000 },
      (_, i): Row => [1.7e12 + i * 60_000, Math.round(2_000 + 900 * Math.sin(i / 99)) / 1_000, 0],
    );
    expect(expectBack(rows)).toBeLessThan(2 * rows.length);
  });

  it('takes next to nothing for a state that stays', () => {
    const rows = Array.from({ length: 2_000 }, (_, i): Row => [1.7e12 + i * 60_000, 1, 0]);
    expect(expectBack(rows)).toBeLessThan(50);
  });

  it('holds no readings as well', () => {
    expectBack([]);
  });
});
