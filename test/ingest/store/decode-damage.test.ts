/** Whatever bytes are read from the disk: columns of the right shape, or a DamageError, and never more work than a chunk has. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeChunk, encodeChunk, MAX_COUNT } from '../../../ingest/store/sqlite/chunk-codec.ts';
import type { SeriesColumns } from '../../../ingest/store/sqlite/columns.ts';
import { DamageError } from '../../../ingest/store/sqlite/damage.ts';
import { decodeHours, encodeHours, toHours } from '../../../ingest/store/sqlite/hours.ts';
import { decodeEntry } from '../../../ingest/store/sqlite/journal.ts';

/** Bytes that count how often they are read. */
function counted(bytes: Uint8Array): { bytes: Uint8Array; reads: () => number } {
  let reads = 0;
  const get = (target: Uint8Array, key: string | symbol): unknown => {
    if (typeof key === 'string' && /^\d+$/.test(key)) reads++;
    const value = Reflect.get(target, key, target);
    return typeof value === 'function' ? value.bind(target) : value;
  };
  return { bytes: new Proxy(bytes, { get }), reads: () => reads };
}

function orDamage<T>(decode: () => T): T | null {
  try {
    return decode();
  } catch (error) {
    expect(error).toBeInstanceOf(DamageError);
    return null;
  }
}

function expectShape({ count, ts, value, quality }: SeriesColumns): void {
  expect(count).toBeLessThanOrEqual(MAX_COUNT);
  expect([ts.length, value.length, quality.length]).toEqual([count, count, count]);
  for (let i = 0; i < count; i++) {
    if (i > 0) expect(ts[i]).toBeGreaterThan(ts[i - 1] ?? Number.NaN);
    expect(Number.isInteger(ts[i])).toBe(true);
    expect(quality[i]).toBeLessThan(3);
    expect(Number.isNaN(value[i])).toBe(quality[i] === 2);
  }
}

/** A steady level, a state that stays, or single precision with bad readings among them. */
const columns = fc
  .record({ count: fc.integer({ min: 1, max: 300 }), kind: fc.integer({ min: 0, max: 2 }), seed: fc.nat(1e6) })
  .map(({ count, kind, seed }): SeriesColumns => {
    const isBad = (i: number): boolean => kind === 2 && (i * 7 + seed) % 11 === 0;
    const measured = [
      (i: number) => Math.round(2_000 + 900 * Math.sin(i + seed)) / 1_000,
      () => 1,
      (i: number) => Math.fround(Math.sin(i + seed)),
    ][kind];
    return {
      count,
      ts: Float64Array.from({ length: count }, (_, i) => 1.7e12 + i * 60_000 + ((i * seed) % 3)),
      value: Float64Array.from({ length: count }, (_, i) => (isBad(i) ? Number.NaN : (measured?.(i) ?? 0))),
      quality: Uint8Array.from({ length: count }, (_, i) => (isBad(i) ? 2 : i % 2)),
    };
  });

const noise = fc.uint8Array({ maxLength: 400 });
/** What a disk does: zeros or noise over a stretch, single bits, an end that is missing. */
const mutation = fc.oneof(
  fc.record({ at: fc.nat(400), bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }) }),
  fc.record({ at: fc.nat(400), bytes: fc.integer({ min: 1, max: 300 }).map((length) => new Uint8Array(length)) }),
);

function mutated(bytes: Uint8Array, { at, bytes: over }: { at: number; bytes: Uint8Array }): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const from = at % copy.length;
  copy.set(over.subarray(0, copy.length - from), from);
  return copy;
}

describe('a chunk that is damaged', () => {
  function check(bytes: Uint8Array): void {
    const { bytes: watched, reads } = counted(bytes);
    const decoded = orDamage(() => decodeChunk(watched));
    // Each byte once, and a look behind the end for each reading at most.
    expect(reads()).toBeLessThan(bytes.length + 20 * MAX_COUNT);
    if (decoded) expectShape(decoded);
  }

  it('of 300 zero bytes at offset 2 does not loop', () => {
    fc.assert(fc.property(columns, (of) => check(mutated(encodeChunk(of), { at: 2, bytes: new Uint8Array(300) }))));
  });

  it('with a run of nothing, in its times, qualities or values, does not loop', () => {
    // Two readings at 1 and 2; of quality 0 in a run of 2; the values 0 and 1, without decimals.
    const right = [2, 2, 2, 0, 2, 0, 0, 1, 2];
    expect(decodeChunk(Uint8Array.from(right)).value).toEqual(Float64Array.of(0, 1));
    for (const [at, name] of [
      [4, 'qualities'],
      [7, 'values'],
    ] as const) {
      expect(() => decodeChunk(Uint8Array.from(right.with(at, 0))), name).toThrow(DamageError);
    }
    // Nothing but such runs behind, to the end of the bytes and beyond.
    expect(() => decodeChunk(Uint8Array.of(2, 2, 2, 0, 0))).toThrow('a run of 0 qualities does not fit');
    expect(() => decodeChunk(Uint8Array.of(2, 0, 0, 0, 2, 0, 0, 2))).toThrow('a run of 0 does not fit');
  });

  it('of noise is decoded in shape, or thrown', () => {
    fc.assert(fc.property(noise, check), { numRuns: 3_000 });
  });

  it('with a stretch of it garbled or zeroed is decoded in shape, or thrown', () => {
    fc.assert(
      fc.property(columns, mutation, (of, how) => check(mutated(encodeChunk(of), how))),
      { numRuns: 2_000 },
    );
  });

  it('that is cut off, or has something behind it, is thrown', () => {
    fc.assert(
      fc.property(columns, fc.nat(1e6), noise, (of, n, more) => {
        const bytes = encodeChunk(of);
        expect(() => decodeChunk(bytes.subarray(0, n % bytes.length))).toThrow(DamageError);
        if (more.length > 0) expect(() => decodeChunk(Buffer.concat([bytes, more]))).toThrow(DamageError);
      }),
    );
  });

  it('gets no memory for a count that no chunk has', () => {
    // 2^42 as a count, and all else as it should be.
    const huge = Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 0, 1, 0);
    expect(() => decodeChunk(huge)).toThrow('it says that it holds');
  });
});

describe('hours that are damaged', () => {
  function check(bytes: Uint8Array): void {
    const hours = orDamage(() => decodeHours(bytes)) ?? [];
    hours.forEach(({ ts, good, min, max, last }, i) => {
      expect(ts).toBeGreaterThan(hours[i - 1]?.ts ?? Number.NEGATIVE_INFINITY);
      expect(good).toBeGreaterThanOrEqual(0);
      if (good > 0) expect(min <= last && last <= max).toBe(true);
    });
  }

  it('come back as they were where they are not', () => {
    fc.assert(
      fc.property(columns, (of) => {
        expect(decodeHours(encodeHours(toHours(of)))).toEqual(toHours(of));
      }),
    );
  });

  it('are decoded in shape, or thrown', () => {
    fc.assert(fc.property(noise, check), { numRuns: 2_000 });
    fc.assert(
      fc.property(columns, mutation, (of, how) => check(mutated(encodeHours(toHours(of)), how))),
      { numRuns: 2_000 },
    );
  });
});

describe('a commit of the journal that is damaged', () => {
  function entry(count: number): Uint8Array {
    const bytes = new Uint8Array(8 + count * 21);
    new DataView(bytes.buffer).setUint32(0, count, true);
    new Float64Array(bytes.buffer, 8, count).fill(1.7e12);
    new Int32Array(bytes.buffer, 8 + count * 16, count).fill(3);
    return bytes;
  }

  function check(bytes: Uint8Array): void {
    const decoded = orDamage(() => decodeEntry(bytes));
    if (!decoded) return;
    const { series, ts, value, quality } = decoded;
    expect(series.length * 21 + 8).toBe(bytes.length);
    for (let i = 0; i < series.length; i++) {
      expect(series[i]).toBeGreaterThan(0);
      expect(Number.isInteger(ts[i])).toBe(true);
      expect(quality[i]).toBeLessThan(3);
      expect(Number.isNaN(value[i])).toBe(quality[i] === 2);
    }
  }

  it('is decoded in shape, or thrown, whatever it is', () => {
    expect(decodeEntry(entry(5)).ts).toHaveLength(5);
    for (const bytes of [null, 'text', 7]) expect(() => decodeEntry(bytes)).toThrow(DamageError);
    fc.assert(fc.property(noise, check), { numRuns: 2_000 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), mutation, (count, how) => check(mutated(entry(count), how))),
      { numRuns: 2_000 },
    );
  });
});
