/** `aimak probe`: what is on a Modbus line, what its registers hold, and what they may mean. */
import { writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import type { ModbusBus, ReadResult } from '../firmware-bridge/bus/modbus-bus.ts';
import { openBus } from '../firmware-bridge/bus/open-bus.ts';
import { type Guess, isPlainWord, rankGuesses } from '../firmware-bridge/probe/guess.ts';
import { readRaw, scanUnits } from '../firmware-bridge/probe/scan.ts';
import { profileStub } from '../firmware-bridge/probe/stub.ts';
import { decodeWords } from '../model/modbus-codec.ts';
import { isBits } from '../model/modbus-frame.ts';
import { WORDS } from '../model/register-map.ts';
import { columns } from './columns.ts';
import { parseCommandLine } from './config/command-line.ts';
import { PROBE_FLAGS, type ProbeOptions, parseProbeOptions } from './probe-options.ts';
import { createProgress } from './progress.ts';
import { ConfigError, StartError } from './start-error.ts';

const HELP = `aimak probe LINE                          which units answer on the line
aimak probe LINE --unit N --address A     what the registers of one hold
aimak probe LINE --unit N --address A --expect 12.3
                                          what they may mean: all types, word orders and both address bases

LINE is one of
  --rtu PORT [--baud 9600] [--parity none|even|odd]
  --tcp HOST[:502]
  --rtu-over-tcp HOST:PORT [--baud 9600]

  --units 1-247        which to look for
  --table TABLE        holding, input, coil or discrete (default: holding; 30001 and 40001 say it themselves)
  --address A          as in the manual
  --count N            registers to show (default: 10)
  --expect VALUE       what the display shows now; or --range 0..50
  --metric METRIC      what it is, for the range and the profile
  --write FILE.yaml    writes the best guess as a profile; with --id ID and --kind KIND
  --timeout-ms MS      patience with one answer (default: 300 to scan, else 1000)
`;

const OPEN_MS = 10_000;
const [SCAN_MS, READ_MS] = [300, 1_000];
const GUESSES_SHOWN = 12;

export async function runProbe(argv: readonly string[]): Promise<void> {
  const { isHelp, faults, flags, words, own } = parseCommandLine(argv, PROBE_FLAGS);
  if (isHelp) {
    process.stdout.write(HELP);
    return;
  }
  const foreign = [...flags.keys()].map(({ flag }) => `--${flag}: is no option of probe`);
  const surplus = words.map((word) => `${word}: probe takes options only`);
  const all = [...faults, ...foreign, ...surplus];
  if (all.length > 0) throw new ConfigError(all);
  const options = parseProbeOptions(own);
  const bus = openBus(options.line, pino({ level: 'silent' }));
  try {
    await untilOpen(bus);
    if (options.address === undefined) await scan(bus, options);
    else await look(bus, options, options.address);
  } finally {
    await bus.stop();
  }
}

async function untilOpen(bus: ModbusBus): Promise<void> {
  const opened = new Promise<void>((resolve) => bus.onChange(resolve));
  const tick = async (): Promise<void> => {
    const untilMs = performance.now() + OPEN_MS;
    // A port that is not there says so at once.
    while (!bus.state().isOpen && !/:/.test(bus.state().reason ?? '') && performance.now() < untilMs) await delay(20);
  };
  await Promise.race([opened, tick()]);
  const { isOpen, reason } = bus.state();
  if (!isOpen) throw new StartError(`the line cannot be opened: ${reason}`);
}

async function scan(bus: ModbusBus, { unit, units, timeoutMs = SCAN_MS }: ProbeOptions): Promise<void> {
  const wanted = unit === undefined ? units : [unit];
  const progress = createProgress('scanning', wanted.length);
  const found = await scanUnits(bus, { units: wanted, timeoutMs, onUnit: () => progress.advance(1) });
  progress.finish();
  if (found.length === 0) {
    const advice = 'check A and B, power, --baud and --parity; or try a longer --timeout-ms';
    throw new StartError(`no unit answers among ${wanted[0]} to ${wanted.at(-1)}: ${advice}`);
  }
  const rows = found.map(({ unit: number, table, value, exception }) => [
    number,
    table,
    value === null ? `refuses register 0 (exception ${exception})` : `register 0 holds ${value}`,
  ]);
  process.stdout.write(columns([['unit', 'table', 'says'], ...rows]));
}

async function look(bus: ModbusBus, options: ProbeOptions, address: number): Promise<void> {
  const { unit = 1, table, count, hint, timeoutMs = READ_MS } = options;
  const first = Math.max(0, address - 1);
  const { cells, failure } = await readRaw(bus, { unit, table, address: first, count: Math.max(count, 5), timeoutMs });
  if (cells.size === 0) throw new StartError(`unit ${unit} says nothing of these registers: ${words(failure)}`);
  process.stdout.write(columns(isBits(table) ? bitRows(cells) : wordRows(cells)));
  if (!hint || isBits(table)) return;
  const guesses = rankGuesses(cells, address, hint);
  if (guesses.length === 0)
    throw new StartError('nothing there fits that value; is it another register, or another unit?');
  process.stdout.write(`\n${columns([GUESS_HEAD, ...guesses.slice(0, GUESSES_SHOWN).map(guessRow)])}`);
  const [best] = guesses;
  if (best && options.write !== undefined) writeStub(options, options.write, { best, cells });
}

function writeStub(
  { id, kind, metric = '', table }: ProbeOptions,
  file: string,
  { best, cells }: { readonly best: Guess; readonly cells: ReadonlyMap<number, number> },
): void {
  const golden = Array.from({ length: WORDS[best.type] }, (_, i) => cells.get(best.address + i) ?? 0);
  try {
    writeFileSync(file, profileStub({ id, kind, metric, table, guess: best, cells: golden }), { flag: 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(code === 'EEXIST' ? `${file}: is there already` : `${file}: cannot be written (${code})`);
  }
  process.stdout.write(`\nthe first of them is written to ${file}\n`);
}

function bitRows(cells: ReadonlyMap<number, number>): (string | number)[][] {
  return [['wire', 'bit'], ...[...cells].map(([at, bit]) => [at, bit])];
}

/** What begins at each register, as the most usual types would have it. */
function wordRows(cells: ReadonlyMap<number, number>): (string | number)[][] {
  const rows = [...cells].map(([at, word]): (string | number)[] => {
    const next = cells.get(at + 1);
    const float = (order: 'ABCD' | 'CDAB'): string =>
      next === undefined ? '' : short(decodeWords([word, next], { type: 'float32', order, mask: null }));
    const hex = word.toString(16).toUpperCase().padStart(4, '0');
    return [at, at + 1, hex, word, word > 0x7fff ? word - 0x1_0000 : word, float('ABCD'), float('CDAB')];
  });
  return [['wire', 'from 1', 'hex', 'uint16', 'int16', 'float ABCD', 'float CDAB'], ...rows];
}

const GUESS_HEAD = ['value', 'type', 'order', 'scale', 'wire address', 'if the manual counts from'];

function guessRow(guess: Guess): (string | number)[] {
  const { value, type, order, scale, address, base } = guess;
  return [short(value), type, isPlainWord(guess) ? '' : order, scale, address, base];
}

function short(value: number): string {
  return String(Number(value.toPrecision(7)));
}

function words(failure: ReadResult | null): string {
  if (!failure || failure.ok) return 'it has none of them';
  if (failure.failure === 'exception') return `it refuses them (exception ${failure.exception})`;
  const why = {
    timeout: 'no answer',
    short: 'an answer that broke off',
    crc: 'a wrong checksum',
    closed: 'the line is gone',
  };
  return why[failure.failure];
}
