import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import type { ModbusBus } from '../../firmware-bridge/bus/modbus-bus.ts';
import { readFields } from '../../firmware-bridge/poll/read-fields.ts';
import { createRefusals } from '../../firmware-bridge/poll/refusals.ts';
import type { BusLine } from '../../model/bridge-file.ts';
import {
  BYTE_ORDERS,
  type ByteOrder,
  type RegisterField,
  type RegisterTable,
  type RegisterType,
  WORDS,
} from '../../model/register-map.ts';
import { freePort } from '../harness/free-port.ts';
import { NO_SOCAT, startPtyPair } from '../harness/pty.ts';
import { temporaryFolder } from '../harness/server.ts';
import { openedBus } from './hand-made-unit.ts';

// Debian's own: its packages are not seen by another Python.
const PYTHON = '/usr/bin/python3';
const NO_PYMODBUS =
  spawnSync(PYTHON, ['-c', 'import pymodbus, serial_asyncio']).status === 0
    ? null
    : 'pymodbus (Debian: python3-pymodbus) is not installed';
const SCRIPT = join(import.meta.dirname, 'pymodbus_units.py');

const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

interface Cell {
  readonly unit: number;
  readonly table: RegisterTable;
  readonly address: number;
  readonly type: RegisterType;
  readonly order: ByteOrder;
  readonly value: number | boolean;
}

const VALUES: readonly (readonly [RegisterType, readonly number[]])[] = [
  ['int16', [-12345]],
  ['uint16', [54321]],
  ['int32', [-1_234_567_890]],
  ['uint32', [4_000_000_123]],
  ['int64', [-1_234_567_890_123]],
  ['uint64', [9_007_199_254_740_991]],
  ['float32', [36.6254, -0.000125]],
  ['float64', [-12_345.678_901_234]],
];

/** Every type in every order in both tables of registers, and bits; two units, and gaps between. */
function allCells(): Cell[] {
  const cells: Cell[] = [];
  let address = 0;
  const put = (cell: Omit<Cell, 'unit' | 'address'>, width: number): void => {
    cells.push({ ...cell, unit: 1 + (cells.length % 2), address });
    address += width + (cells.length % 3);
  };
  for (const table of ['holding', 'input'] as const) {
    for (const order of BYTE_ORDERS) {
      for (const [type, values] of VALUES) for (const value of values) put({ table, type, order, value }, WORDS[type]);
    }
  }
  for (const table of ['coil', 'discrete'] as const) {
    for (let i = 0; i < 20; i++) put({ table, type: 'bool', order: 'ABCD', value: i % 3 === 0 }, 1);
  }
  return cells;
}

function toField({ table, address, type, order }: Cell, i: number): RegisterField {
  return {
    ...{ metric: `m${i}`, table, address, count: type === 'bool' ? 1 : WORDS[type] },
    parts: [{ address, type, order, mask: null }],
    ...{ scale: 1, offset: 0, isInverted: false, errorValue: null, unsupportedValue: null },
    ...{ rawMin: Number.NEGATIVE_INFINITY, rawMax: Number.POSITIVE_INFINITY, rollsOverAt: null, poll: 'normal' },
  };
}

async function startUnits(where: { tcp: number } | { rtu: string }, cells: readonly Cell[]): Promise<void> {
  const child = spawn(PYTHON, [SCRIPT, JSON.stringify({ ...where, cells })], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  expect(line).toBe('listening');
}

/** What is read of each cell. */
async function readAll(bus: ModbusBus, cells: readonly Cell[]): Promise<unknown[]> {
  const fields = cells.map(toField);
  const found = new Map<string, unknown>();
  for (const unit of [1, 2]) {
    const own = fields.filter((_, i) => cells[i]?.unit === unit);
    const limits = { maxRegisters: 125, maxBits: 2000, maxGap: 16, frameGapMs: 0, timeoutMs: 2000 };
    const options = { bus, unit, limits, timeoutMs: 2000, attempts: 1 };
    const { outcome, values } = await readFields(own, { ...options, refusals: createRefusals(), nowMs: 0 });
    expect(outcome).toBe('answered');
    for (const [metric, value] of values) found.set(metric, value);
  }
  return fields.map(({ metric }) => found.get(metric));
}

describe('units of pymodbus', () => {
  it.skipIf(NO_PYMODBUS)('say over TCP what was set, of every type in every order', async () => {
    const cells = allCells();
    const port = await freePort();
    await startUnits({ tcp: port }, cells);
    const bus = await openedBus({ kind: 'tcp', host: '127.0.0.1', port });
    expect(await readAll(bus, cells)).toEqual(cells.map(({ value }) => value));
  });

  it.skipIf(NO_PYMODBUS ?? NO_SOCAT)('say on a serial line what was set, of every type in every order', async () => {
    const pair = await startPtyPair(temporaryFolder());
    onTestFinished(pair.stop);
    const cells = allCells();
    await startUnits({ rtu: pair.ends[1] }, cells);
    const line: BusLine = { kind: 'rtu', path: pair.ends[0], baud: 9600, parity: 'none', stopBits: 1 };
    const bus = await openedBus(line);
    expect(await readAll(bus, cells)).toEqual(cells.map(({ value }) => value));
  });
});
