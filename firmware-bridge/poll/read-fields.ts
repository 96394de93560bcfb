/** The fields of one unit in few reads; what it refuses is learned, what fails is null. */
import { decodeField, type FieldValue } from '../../model/modbus-codec.ts';
import { type Hole, holesOf, planReads, type ReadBlock } from '../../model/read-plan.ts';
import type { ReadLimits, RegisterField, Span } from '../../model/register-map.ts';
import { ILLEGAL_DATA_ADDRESS, type ModbusBus, type ReadResult } from '../bus/modbus-bus.ts';

export interface ReadFieldsOptions {
  readonly bus: Pick<ModbusBus, 'read'>;
  readonly unit: number;
  readonly limits: ReadLimits;
  readonly timeoutMs: number;
  /** Registers that the unit does not have; more are added. */
  readonly holes: Hole[];
  /** How often it is asked before a read has failed. */
  readonly attempts: number;
}

/** By these a gateway says that the unit behind it does not answer. */
const NOBODY_THERE: readonly number[] = [10, 11];

/** A refusal is an answer: somebody is there. `closed`: nobody could be asked. */
export type Outcome = 'answered' | 'silent' | 'closed';

export interface FieldsRead {
  readonly outcome: Outcome;
  /** By metric; null where the read failed or said nothing. What the unit does not have is left out. */
  readonly values: ReadonlyMap<string, FieldValue>;
}

export async function readFields(fields: readonly RegisterField[], options: ReadFieldsOptions): Promise<FieldsRead> {
  const values = new Map<string, FieldValue>();
  let wanted = fields;
  for (;;) {
    const { blocks } = planReads(wanted, options.limits, options.holes);
    const [block] = blocks;
    if (!block) return { outcome: 'answered', values };
    const result = await readBlock(block, options);
    const silence = silenceOf(result);
    // Who does not answer is not asked for the rest: that would only cost time.
    if (silence) return { outcome: silence, values: new Map([...values, ...blocks.flatMap(nothingOf)]) };
    if (isHole(result)) options.holes.push(...holesOf(block));
    else {
      for (const field of block.fields) values.set(field.metric, cellsToValue(field, block, result));
      wanted = wanted.filter((field) => !block.fields.includes(field));
    }
  }
}

function nothingOf({ fields }: ReadBlock<RegisterField>): [string, null][] {
  return fields.map(({ metric }) => [metric, null]);
}

function silenceOf(result: ReadResult): Exclude<Outcome, 'answered'> | null {
  if (result.ok) return null;
  if (result.failure === 'exception') return NOBODY_THERE.includes(result.exception ?? 0) ? 'silent' : null;
  return result.failure === 'closed' ? 'closed' : 'silent';
}

function isHole(result: ReadResult): boolean {
  return !result.ok && result.exception === ILLEGAL_DATA_ADDRESS;
}

function cellsToValue(field: RegisterField, { table, address }: Span, result: ReadResult): FieldValue {
  return result.ok ? decodeField(field, { table, address, cells: result.cells }) : null;
}

async function readBlock(block: ReadBlock<RegisterField>, options: ReadFieldsOptions): Promise<ReadResult> {
  const { unit, timeoutMs, limits, attempts } = options;
  const { table, address, count } = block;
  const request = { unit, table, address, count, timeoutMs, frameGapMs: limits.frameGapMs };
  for (let attempt = 1; ; attempt++) {
    const result = await options.bus.read(request);
    const mayHaveMissedIt = !result.ok && result.failure !== 'exception' && result.failure !== 'closed';
    if (!mayHaveMissedIt || attempt >= attempts) return result;
  }
}
