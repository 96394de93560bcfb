import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { holesOf, planReads, type ReadBlock } from '../../model/read-plan.ts';
import type { Span } from '../../model/register-map.ts';

const LIMITS = { maxRegisters: 125, maxBits: 2000, maxGap: 16 };

function holding(address: number, count = 1): Span {
  return { table: 'holding', address, count };
}

function places(blocks: readonly Span[]): string[] {
  return blocks.map(({ table, address, count }) => `${table} ${address}+${count}`);
}

const spans = fc.array(
  fc.record({
    table: fc.constantFrom('holding' as const, 'input' as const, 'coil' as const),
    address: fc.integer({ min: 0, max: 600 }),
    count: fc.integer({ min: 1, max: 4 }),
  }),
  { maxLength: 60 },
);
const limits = fc.record({
  maxRegisters: fc.integer({ min: 4, max: 125 }),
  maxBits: fc.integer({ min: 4, max: 2000 }),
  maxGap: fc.integer({ min: 0, max: 124 }),
});

function overlap(a: Span, b: Span): boolean {
  return a.table === b.table && a.address < b.address + b.count && b.address < a.address + a.count;
}

describe('a plan of reads', () => {
  it('covers every field once, within the limits, and crosses no hole', () => {
    fc.assert(
      fc.property(spans, limits, spans, (fields, limit, holes) => {
        const { blocks, refused } = planReads(fields, limit, holes);
        const covered = [...blocks.flatMap((block) => block.fields), ...refused];
        expect(covered).toHaveLength(fields.length);
        expect(new Set(covered)).toEqual(new Set(fields));
        for (const block of blocks) {
          expect(block.count).toBeLessThanOrEqual(block.table === 'coil' ? limit.maxBits : limit.maxRegisters);
          expect(holes.some((hole) => overlap(block, hole))).toBe(false);
          for (const { table, address, count } of block.fields) {
            expect(table).toBe(block.table);
            expect(address >= block.address && address + count <= block.address + block.count).toBe(true);
          }
        }
        for (const field of refused) expect(holes.some((hole) => overlap(field, hole))).toBe(true);
      }),
    );
  });

  it('reads small gaps along and begins anew at wide ones', () => {
    const { blocks } = planReads([holding(40, 2), holding(0, 2), holding(10), holding(27)], LIMITS);
    expect(places(blocks)).toEqual(['holding 0+42']);
    expect(places(planReads([holding(0), holding(18)], LIMITS).blocks)).toEqual(['holding 0+1', 'holding 18+1']);
  });

  it('gives each table its own requests', () => {
    const { blocks } = planReads([holding(0), { table: 'input', address: 1, count: 1 }], LIMITS);
    expect(places(blocks)).toEqual(['holding 0+1', 'input 1+1']);
  });

  it('reads once what two devices share', () => {
    expect(places(planReads([holding(3, 2), holding(3, 2)], LIMITS).blocks)).toEqual(['holding 3+2']);
  });
});

/** Asks a device that refuses some registers, until a plan goes through. */
function explore(fields: readonly Span[], isRefused: (address: number) => boolean) {
  let holes: readonly Span[] = [];
  for (let round = 1; round <= 200; round++) {
    const plan = planReads(fields, LIMITS, holes);
    const failed = plan.blocks.filter((block) => addressesOf(block).some(isRefused));
    if (failed.length === 0) return { ...plan, round };
    holes = [...holes, ...failed.flatMap((block) => holesOf(block))];
  }
  throw new Error('no end');
}

function addressesOf({ address, count }: Span): number[] {
  return Array.from({ length: count }, (_, i) => address + i);
}

describe('a block that the device refuses', () => {
  it('is cut at its widest gap', () => {
    const [block] = planReads([holding(0, 2), holding(3), holding(9), holding(12)], LIMITS).blocks;
    expect(holesOf(block as ReadBlock<Span>)).toEqual([{ table: 'holding', address: 4, count: 5 }]);
  });

  it('is cut in its middle where it has no gap', () => {
    const [block] = planReads([holding(0), holding(1), holding(2), holding(3)], LIMITS).blocks;
    expect(holesOf(block as ReadBlock<Span>)).toEqual([{ table: 'holding', address: 2, count: 0 }]);
  });

  it('of one field is what the device does not have', () => {
    const [block] = planReads([holding(7, 2)], LIMITS).blocks;
    expect(holesOf(block as ReadBlock<Span>)).toEqual([holding(7, 2)]);
  });

  it('leads to a plan without the registers that are missing, and only without those', () => {
    const addresses = fc.uniqueArray(fc.integer({ min: 0, max: 100 }), { maxLength: 40 });
    const missing = fc.uniqueArray(fc.integer({ min: 0, max: 100 }), { maxLength: 20 });
    fc.assert(
      fc.property(addresses, missing, (wanted, refusedBy) => {
        const fields = wanted.map((address) => holding(address));
        const { refused, round } = explore(fields, (address) => refusedBy.includes(address));
        expect(new Set(refused)).toEqual(new Set(fields.filter(({ address }) => refusedBy.includes(address))));
        expect(round).toBeLessThan(20);
      }),
    );
  });
});
