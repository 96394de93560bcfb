import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHead, findTs, type Head, insert, merge, remove } from '../../../ingest/store/sqlite/columns.ts';

const times = fc.uniqueArray(fc.integer({ min: 0, max: 100 }), { maxLength: 60 });

function headOf(ts: readonly number[]): Head {
  const head = createHead(1);
  for (const each of ts) insert(head, each, each * 2, each % 3);
  return head;
}

const rows = (head: { count: number; ts: Float64Array; value: Float64Array; quality: Uint8Array }) =>
  Array.from({ length: head.count }, (_, i) => [head.ts[i], head.value[i], head.quality[i]]);
const expected = (ts: Iterable<number>) => [...ts].sort((a, b) => a - b).map((t) => [t, t * 2, t % 3]);

describe('columns of a series', () => {
  it('stay in order of ts, in whatever order readings come and go', () => {
    fc.assert(
      fc.property(times, fc.nat(), (ts, n) => {
        const head = headOf(ts);
        const gone = ts.slice(0, n % (ts.length + 1));
        for (const each of gone) remove(head, each);
        remove(head, 1_000);
        expect(rows(head)).toEqual(expected(ts.filter((t) => !gone.includes(t))));
      }),
    );
  });

  it('merge into one, with what is in both once', () => {
    fc.assert(
      fc.property(times, times, (a, b) => {
        expect(rows(merge(headOf(a), headOf(b)))).toEqual(expected(new Set([...a, ...b])));
      }),
    );
  });

  it('tell where a ts is, or where it would be', () => {
    fc.assert(
      fc.property(times, fc.integer({ min: -1, max: 101 }), (ts, asked) => {
        const sorted = ts.toSorted((a, b) => a - b);
        const at = findTs(headOf(ts), asked);
        if (sorted.includes(asked)) expect(at).toBe(sorted.indexOf(asked));
        else expect(-at - 1).toBe(sorted.filter((t) => t < asked).length);
      }),
    );
  });
});
