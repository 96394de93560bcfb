/** The fields of one unit in few reads; what it refuses is learned, what fails is null. */
import { decodeField, type FieldValue } from '../../model/modbus-codec.ts';
import { planReads, type ReadBlock } from '../../model/read-plan.ts';
import type { ReadLimits, RegisterField, Span } from '../../model/register-map.ts';
import { ILLEGAL_DATA_ADDRESS, type ModbusBus, type ReadResult } from '../bus/modbus-bus.ts';
import type { Refusals } from './refusals.ts';

export interface AskOptions {
  readonly bus: Pick<ModbusBus, 'read'>;
  readonly unit: number;
  readonly limits: ReadLimits;
  readonly timeoutMs: number;
  /** How often it is asked before a read has failed. */
  readonly attempts: number;
}

export interface ReadFieldsOptions extends AskOptions {
  /** More are added. */
  readonly refusals: Refusals;
  readonly nowMs: number;
}

/** By these a gateway says that the unit behind it does not answer. */
const NOBODY_THERE: readonly number[] = [10, 11];

/** `refused`: nothing was read, but somebody is there. `closed`: nobody could be asked. `unasked`: there was nothing to ask. */
export type Outcome = 'answered' | 'refused' | 'silent' | 'closed' | 'unasked';

export interface FieldsRead {
  readonly outcome: Outcome;
  /** By metric; null where the read failed or said nothing. What the unit does not have is left out. */
  readonly values: ReadonlyMap<string, FieldValue>;
}

export async function readFields(fields: readonly RegisterField[], options: ReadFieldsOptions): Promise<FieldsRead> {
  const { limits, refusals, nowMs } = options;
  const values = new Map<string, FieldValue>();
  let outcome: Outcome = 'unasked';
  let wanted = fields;
  for (;;) {
    const { blocks } = planReads(wanted, limits, refusals.believed(nowMs));
    const [block] = blocks;
    if (!block) return { outcome, values };
    const result = await askBlock(block, options);
    const said = outcomeOf(result);
    // Who does not answer is not asked for the rest: that would only cost time.
    if (isNothing(said)) return { outcome: said, values: new Map([...values, ...blocks.flatMap(nothingOf)]) };
    if (outcome !== 'answered') outcome = said;
    if (result.ok) refusals.answered(block);
    if (isHole(result)) refusals.refused(block, nowMs);
    else {
      for (const field of block.fields) values.set(field.metric, cellsToValue(field, block, result));
      wanted = wanted.filter((field) => !block.fields.includes(field));
    }
  }
}

export async function askBlock({ table, address, count }: Span, options: AskOptions): Promise<ReadResult> {
  const { unit, timeoutMs, limits, attempts } = options;
  const request = { unit, table, address, count, timeoutMs, frameGapMs: limits.frameGapMs };
  for (let attempt = 1; ; attempt++) {
    const result = await options.bus.read(request);
    const mayHaveMissedIt = !result.ok && result.failure !== 'exception' && result.failure !== 'closed';
    if (!mayHaveMissedIt || attempt >= attempts) return result;
  }
}

export function outcomeOf(result: ReadResult): Exclude<Outcome, 'unasked'> {
  if (result.ok) return 'answered';
  if (result.failure === 'exception') return NOBODY_THERE.includes(result.exception ?? 0) ? 'silent' : 'refused';
  return result.failure === 'closed' ? 'closed' : 'silent';
}

function isNothing(outcome: Outcome): boolean {
  return outcome === 'silent' || outcome === 'closed';
}

function nothingOf({ fields }: ReadBlock<RegisterField>): [string, null][] {
  return fields.map(({ metric }) => [metric, null]);
}

function isHole(result: ReadResult): boolean {
  return !result.ok && result.exception === ILLEGAL_DATA_ADDRESS;
}

function cellsToValue(field: RegisterField, { table, address }: Span, result: ReadResult): FieldValue {
  return result.ok ? decodeField(field, { table, address, cells: result.cells }) : null;
}
