/** The converters of the shared field data, each in a process of its own: whatever they do, no value is that of another block. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { ModbusBus } from '../../firmware-bridge/bus/modbus-bus.ts';
import { freePort } from '../harness/free-port.ts';
import { eventually } from '../harness/process.ts';
import { ROOT } from '../harness/server.ts';
import { holding, openedBus } from './hand-made-unit.ts';

const SCRIPT = join(process.env.AIMAK_SHARED ?? join(ROOT, '../shared'), 'field/modbus/odd_rtu_over_tcp.py');
const READS = 12;
/** As the script has them, two registers each. */
const BLOCKS = [
  { address: 0, cells: [1, 22_674] },
  { address: 1_000, cells: [3, 53_392] },
];
/** Modes, and whether two blocks of one length can be read through them. */
const MODES = [
  ['plain', true],
  ['bytes', true],
  ['split', true],
  ['echo', true],
  ['lead0', true],
  ['trail0', true],
  ['twice', true],
  ['shift', true],
  ['old', false],
  ['late', false],
] as const;

it.for(MODES)('a converter of mode %s never gives the value of another block', async ([mode, isRead], { skip }) => {
  if (!existsSync(SCRIPT)) skip(`${SCRIPT} is not there (set AIMAK_SHARED)`);
  if (spawnSync('python3', ['-V']).error) skip('python3 is not installed');
  const bus = await startConverter(mode);
  let right = 0;
  for (let i = 0; i < READS; i++) {
    const { address, cells } = BLOCKS[i % 2] as (typeof BLOCKS)[number];
    const result = await bus.read(holding(address, 2, { timeoutMs: 500 }));
    if (!result.ok) continue;
    expect(result.cells).toEqual(cells);
    right++;
  }
  // Its very first one may be lost, and on a busy machine another.
  if (isRead) expect(right).toBeGreaterThanOrEqual(READS / 2);
});

async function startConverter(mode: string): Promise<ModbusBus> {
  const port = await freePort();
  const script = spawn('python3', [SCRIPT, mode, `${port}`], { stdio: 'ignore' });
  onTestFinished(() => void script.kill('SIGKILL'));
  await eventually(
    () => fetch(`http://127.0.0.1:${port}`, { signal: AbortSignal.timeout(200) }).then(yes, isNotRefused),
    (isUp) => isUp,
  );
  return openedBus({ kind: 'rtuOverTcp', host: '127.0.0.1', port, baud: 115_200 });
}

const yes = (): boolean => true;
const isNotRefused = (error: { readonly cause?: { readonly code?: string } }): boolean =>
  error.cause?.code !== 'ECONNREFUSED';
