/** `aimak probe` as people use it: a process, a unit on a line, and what stands on the terminal. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { encodeWords } from '../../model/modbus-codec.ts';
import { readAnswer } from '../../model/modbus-frame.ts';
import { parseProfile } from '../../model/profile.ts';
import type { Span } from '../../model/register-map.ts';
import { freePort } from '../harness/free-port.ts';
import { NO_SOCAT } from '../harness/pty.ts';
import { ROOT, runAimak, temporaryFolder } from '../harness/server.ts';
import { type Answering, startUnit } from './hand-made-unit.ts';

const FLOW = encodeWords(36.6254, { type: 'float32', order: 'CDAB', mask: null });
const CELLS: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  holding: { 0: FLOW[0] ?? 0, 1: FLOW[1] ?? 0, 4: 0x2c01, 5: 0x1234 },
  input: { 9: 2301 },
};

/** Units 3 and 5 answer; the others say nothing. */
async function startLine(): Promise<{ line: string[]; asked: (Span & { unit: number })[] }> {
  const asked: (Span & { unit: number })[] = [];
  const answering: Answering = ({ unit, table, address, count, transaction }, reply) => {
    asked.push({ unit, table, address, count });
    if (unit !== 3 && unit !== 5) return;
    const cells = Array.from({ length: count }, (_, i) => CELLS[table]?.[address + i] ?? 0);
    const pdu = readAnswer(table, cells);
    reply([transaction >> 8, transaction & 0xff, 0, 0, 0, pdu.length + 1, unit], pdu);
  };
  const unit = await startUnit('tcp', answering);
  return { line: ['probe', '--tcp', `127.0.0.1:${unit.kind === 'tcp' ? unit.port : 0}`], asked };
}

/** The cells of a table on the terminal. */
const rowsOf = (stdout: string): string[][] =>
  stdout
    .trim()
    .split('\n')
    .map((row) => row.trim().split(/ {2,}/));

describe('aimak probe', () => {
  it('finds the units of a line', async () => {
    const { line } = await startLine();
    const { code, stdout } = await runAimak([...line, '--units', '1-6', '--timeout-ms', '60']);
    expect(code).toBe(0);
    expect(rowsOf(stdout)).toEqual([
      ['unit', 'table', 'says'],
      ['3', 'holding', `register 0 holds ${FLOW[0]}`],
      ['5', 'holding', `register 0 holds ${FLOW[0]}`],
    ]);
  });

  it('shows its progress to a person at a terminal', async (context) => {
    if (NO_SOCAT) context.skip(NO_SOCAT);
    const { line } = await startLine();
    const command = [process.execPath, join(ROOT, 'app/main.ts'), ...line, '--units', '1-6', '--timeout-ms', '200'];
    const { stdout } = await promisify(execFile)('socat', [
      '-u',
      `EXEC:${command.join(' ').replaceAll(':', '\\:')},pty,stderr`,
      '-',
    ]);
    const shares = [...stdout.matchAll(/scanning \[.+?\] (\d+)%/g)].map(([, percent]) => Number(percent));
    expect(shares[0]).toBe(0);
    expect(shares.some((percent) => percent > 0 && percent < 100)).toBe(true);
    expect(stdout).toContain('register 0 holds');
  });

  it('shows registers in the usual readings; 40001 is the first', async () => {
    const { line, asked } = await startLine();
    const { code, stdout } = await runAimak([...line, '--unit', '3', '--address', '40001', '--count', '5']);
    expect([code, asked]).toEqual([0, [{ unit: 3, table: 'holding', address: 0, count: 5 }]]);
    const rows = rowsOf(stdout);
    expect(rows[0]).toEqual(['wire', 'from 1', 'hex', 'uint16', 'int16', 'float ABCD', 'float CDAB']);
    const hex = FLOW.map((word) => word.toString(16).toUpperCase().padStart(4, '0'));
    expect(rows[1]?.slice(0, 4)).toEqual(['0', '1', hex[0], String(FLOW[0])]);
    expect(rows[1]?.at(-1)).toBe('36.6254');
    expect(rows).toHaveLength(6);
  });

  it.each([
    ['30010', [], 'input', 9],
    ['10', ['--table', 'input'], 'input', 9],
    ['400010', [], 'holding', 9],
    ['10', [], 'holding', 9],
  ])('takes address %s %j for %s', async (address, more, table, first) => {
    const { line, asked } = await startLine();
    await runAimak([...line, '--unit', '3', '--address', address, ...more]);
    expect(asked[0]).toMatchObject({ table, address: first });
  });

  it('ranks what registers may mean, and writes the best as a profile that is in order', async () => {
    const { line } = await startLine();
    const file = join(temporaryFolder(), 'my-meter.yaml');
    const ask = [...line, '--unit', '3', '--address', '1', '--expect', '36.6', '--metric', 'flow_rate'];
    const write = ['--id', 'my-meter', '--kind', 'flow_meter', '--write', file];
    const { code, stdout } = await runAimak([...ask, ...write]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/36\.6254 +float32 +CDAB +1 +0 +1\n/);
    expect(stdout).toContain(`the first of them is written to ${file}`);
    const profile = parseProfile(parse(readFileSync(file, 'utf8')));
    expect(profile).toMatchObject({ ok: true, value: { id: 'my-meter', kind: 'flow_meter' } });
    const again = await runAimak([...ask, ...write]);
    expect([again.code, again.stderr]).toEqual([1, `aimak: ${file}: is there already\n`]);
  });

  it('writes an order of one word where its bytes are swapped', async () => {
    const { line } = await startLine();
    const file = join(temporaryFolder(), 'my-meter.yaml');
    const ask = [...line, '--unit', '3', '--address', '40005', '--expect', '300', '--metric', 'flow_rate'];
    expect(await runAimak([...ask, '--write', file])).toMatchObject({ code: 0 });
    expect(parse(readFileSync(file, 'utf8')).modbus).toMatchObject({
      fields: { flow_rate: { address: 4, type: 'uint16', order: 'BADC' } },
      golden: [{ values: { flow_rate: 300 } }],
    });
  });

  it.each<[string, string[], string]>([
    ['nobody answers', ['--units', '7-8', '--timeout-ms', '30'], 'no unit answers among 7 to 8: check A and B'],
    [
      'the unit says nothing',
      ['--unit', '7', '--address', '1', '--timeout-ms', '30'],
      'unit 7 says nothing of these registers: no answer',
    ],
    ['nothing fits', ['--unit', '3', '--address', '1', '--expect', '0.987654'], 'nothing there fits that value'],
  ])('ends with 1 and a sentence where %s', async (_, options, sentence) => {
    const { line } = await startLine();
    const { code, stderr } = await runAimak([...line, ...options]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(sentence)]);
  });

  it('ends with 1 and a sentence where there is no line', async () => {
    const { code, stderr } = await runAimak(['probe', '--tcp', `127.0.0.1:${await freePort()}`]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^aimak: the line cannot be opened: 127\.0\.0\.1:\d+: nothing listens there\n$/),
    ]);
  });

  it('ends with 2 and all that is wrong with the options, and writes nothing', async () => {
    const file = join(temporaryFolder(), 'my-meter.yaml');
    const { code, stderr } = await runAimak(['probe', '--address', '1', '--write', file, '--metric', 'mains_ok']);
    expect(code).toBe(2);
    for (const fault of [
      'probe: expected one of --rtu PORT',
      '--address: expected --unit with it',
      '--write: expected a number in registers',
    ])
      expect(stderr).toContain(fault);
    const again = await runAimak([
      'probe',
      '--tcp',
      'x',
      '--id',
      'My Meter',
      '--kind',
      'Flow',
      '--http-port',
      '1',
      'y',
    ]);
    expect(again.stderr).toContain('--http-port: is no option of probe');
    expect(again.stderr).toContain('y: probe takes options only');
    const third = await runAimak(['probe', '--tcp', 'x', '--id', 'My Meter', '--kind', 'Flow']);
    expect(third.stderr).toContain('--id: expected an id of lower-case letters');
    expect(third.stderr).toContain('--kind: expected snake_case');
    expect(existsSync(file)).toBe(false);
  });
});
