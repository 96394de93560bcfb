/** Which blocks to read so that every field comes in few requests, none of them across what the device has refused. */
import type { ReadLimits, Span } from './register-map.ts';

export interface ReadBlock<F extends Span> extends Span {
  /** What lies in it, by rising address. */
  readonly fields: readonly F[];
}

/**
 * Registers that the device answered with ILLEGAL DATA ADDRESS. No block crosses one; with a count of 0 it is a border
 * between two registers.
 */
export type Hole = Span;

export interface ReadPlan<F extends Span> {
  readonly blocks: readonly ReadBlock<F>[];
  /** Fields that lie in a hole themselves: the device does not have them. */
  readonly refused: readonly F[];
}

/** Every field is in exactly one block, or refused. */
export function planReads<F extends Span>(
  fields: readonly F[],
  limits: Pick<ReadLimits, 'maxRegisters' | 'maxBits' | 'maxGap'>,
  holes: readonly Hole[] = [],
): ReadPlan<F> {
  const refused = fields.filter((field) => isAcross(field, holes));
  const wanted = fields.filter((field) => !refused.includes(field)).sort(byPlace);
  const blocks: ReadBlock<F>[] = [];
  for (const field of wanted) {
    const last = blocks.at(-1);
    const joined = last && join(last, field);
    if (joined && isAllowed(joined, limits) && gapBefore(last, field) <= limits.maxGap && !isAcross(joined, holes)) {
      blocks[blocks.length - 1] = joined;
    } else blocks.push({ table: field.table, address: field.address, count: field.count, fields: [field] });
  }
  return { blocks, refused };
}

/**
 * What a refused block teaches: of one field, that the device does not have it; of several, where to cut the block in
 * two, at its widest gap. The next plan with these holes finds out more, until only what is missing is left out.
 */
export function holesOf<F extends Span>({ table, address, count, fields }: ReadBlock<F>): readonly Hole[] {
  const gaps = cutsOf(fields);
  if (gaps.length === 0) return fields.length > 1 ? fields.map(spanOf) : [{ table, address, count }];
  const middle = address + count / 2;
  const [widest] = gaps.sort((a, b) => b.count - a.count || distance(a, middle) - distance(b, middle));
  return widest ? [widest] : [];
}

/** Between fields that do not overlap: the registers that nobody wants, or the border where there are none. */
function cutsOf(fields: readonly Span[]): Hole[] {
  const cuts: Hole[] = [];
  let end = Number.POSITIVE_INFINITY;
  for (const { table, address, count } of fields) {
    if (address >= end) cuts.push({ table, address: end, count: address - end });
    end = Number.isFinite(end) ? Math.max(end, address + count) : address + count;
  }
  return cuts;
}

function join<F extends Span>(block: ReadBlock<F>, field: F): ReadBlock<F> | null {
  if (block.table !== field.table) return null;
  const end = Math.max(endOf(block), endOf(field));
  return { ...block, count: end - block.address, fields: [...block.fields, field] };
}

function isAllowed({ table, count }: Span, { maxRegisters, maxBits }: Pick<ReadLimits, 'maxRegisters' | 'maxBits'>) {
  return count <= (table === 'coil' || table === 'discrete' ? maxBits : maxRegisters);
}

/** Whether one of them lies in it, or in part. */
export function isAcross(span: Span, holes: readonly Hole[]): boolean {
  return holes.some(
    (hole) => hole.table === span.table && span.address < hole.address + hole.count && hole.address < endOf(span),
  );
}

function byPlace(a: Span, b: Span): number {
  return a.table.localeCompare(b.table) || a.address - b.address || a.count - b.count;
}

function gapBefore(block: Span, field: Span): number {
  return field.address - endOf(block);
}

function endOf({ address, count }: Span): number {
  return address + count;
}

function spanOf({ table, address, count }: Span): Hole {
  return { table, address, count };
}

function distance({ address, count }: Hole, middle: number): number {
  return Math.abs(address + count / 2 - middle);
}
