/** Who is on a bus, and what their registers hold: for setting up, one question after the other. */
import type { RegisterTable, Span } from '../../model/register-map.ts';
import { ILLEGAL_DATA_ADDRESS, type ModbusBus, type ReadResult } from '../bus/modbus-bus.ts';

type Bus = Pick<ModbusBus, 'read'>;

export interface FoundUnit {
  readonly unit: number;
  readonly table: RegisterTable;
  /** What it says of register 0; null where it refuses that, which tells all the same that it is there. */
  readonly value: number | null;
  readonly exception: number | null;
}

export interface ScanOptions {
  readonly units: readonly number[];
  readonly timeoutMs: number;
  onUnit(unit: number): void;
}

/** By these a gateway says that there is nobody behind it. */
const NOBODY_THERE: readonly (number | null)[] = [10, 11];
const FIRST_REGISTER = { address: 0, count: 1, frameGapMs: 0 };

export async function scanUnits(bus: Bus, { units, timeoutMs, onUnit }: ScanOptions): Promise<FoundUnit[]> {
  const found: FoundUnit[] = [];
  for (const unit of units) {
    // Some stay silent where others would refuse.
    for (const table of ['holding', 'input'] as const) {
      const result = await bus.read({ unit, table, timeoutMs, ...FIRST_REGISTER });
      if (!isThere(result)) continue;
      const [value = null] = result.ok ? result.cells : [];
      found.push({ unit, table, value, exception: result.ok ? null : result.exception });
      break;
    }
    onUnit(unit);
  }
  return found;
}

function isThere(result: ReadResult): boolean {
  return result.ok || (result.failure === 'exception' && !NOBODY_THERE.includes(result.exception));
}

interface RawRead {
  /** By address; what the unit does not have is left out. */
  readonly cells: ReadonlyMap<number, number>;
  /** Why nothing came of some of them. */
  readonly failure: ReadResult | null;
}

/** As much of it as the unit gives, if need be register by register. */
export async function readRaw(bus: Bus, at: Span & { readonly unit: number; readonly timeoutMs: number }) {
  const cells = new Map<number, number>();
  let failure: ReadResult | null = null;

  async function read(address: number, count: number): Promise<void> {
    const result = await bus.read({ ...at, address, count, frameGapMs: 0 });
    if (result.ok) result.cells.forEach((cell, i) => void cells.set(address + i, cell));
    else if (result.exception === ILLEGAL_DATA_ADDRESS && count > 1) {
      const half = Math.floor(count / 2);
      await read(address, half);
      await read(address + half, count - half);
    } else failure = result;
  }

  await read(at.address, at.count);
  return { cells, failure } satisfies RawRead;
}
