/** `aimak fault`: faults of a running village, by its server's HTTP API. */
import { Temporal } from 'temporal-polyfill';
import type { SimFault } from '../model/sim-fault.ts';
import { FAULT_KINDS, type FaultKind, type FaultSize } from '../model/sim-fault-catalogue.ts';
import { parseCommandLine } from './config/command-line.ts';
import { loadSettings } from './config/settings.ts';
import { EXPECTED_SPAN, parseSpan } from './config/village-time.ts';
import { type Call, callRunningServer } from './running-server.ts';
import { ConfigError } from './start-error.ts';
import { parseTime } from './time.ts';

const HELP = `aimak fault: faults of the simulated village that runs on --data-dir

  fault add KIND TARGET [--metric METRIC] [--SIZE NUMBER …] [--at TIME] [--for SPAN | --until TIME]
                        e.g. fault add burst up04 --flow-m3h 12 --for 6h
  fault list            those that act or will act
  fault end ID          ends it now
  fault kinds           every kind with what it befalls and its sizes

  TIME   2026-11-25T02:10, on the village's clocks, or with its zone (default: now)
  SPAN   30m, 6h, 2d (default: until it is ended)
`;

/** `flow-m3h`, `dose-mg-l` */
const flagOf = ({ name }: FaultSize): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const SIZE_FLAGS: ReadonlyMap<string, string> = new Map(
  [...FAULT_KINDS.values()].flatMap(({ sizes }) => sizes.map((size) => [flagOf(size), size.name])),
);
const OWN_FLAGS = ['metric', 'at', 'for', 'until', ...SIZE_FLAGS.keys()];

interface WireSim {
  readonly timeZone: string;
  readonly villageMs: number;
  readonly faults: readonly SimFault[];
}

export async function runFault(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const commandLine = parseCommandLine(argv, OWN_FLAGS);
  const [verb, ...words] = commandLine.words;
  if (commandLine.isHelp || verb === undefined) return say(HELP);
  const settings = loadSettings(commandLine, env);
  if (!settings.value) throw new ConfigError(settings.faults);
  const own = new Map(commandLine.own);
  if (verb === 'kinds' && words.length === 0) return say(kindsTable());
  const call = callRunningServer(settings.value.dataDir);
  if (verb === 'add' && words.length === 2) return add(words as [string, string], own, call);
  if (verb === 'list' && words.length === 0) return list(call);
  if (verb === 'end' && words.length === 1) return end(words[0] ?? '', call);
  throw new ConfigError([`fault ${[verb, ...words].join(' ')}: expected add KIND TARGET, list, end ID or kinds`]);
}

async function add([kind, target]: [string, string], own: ReadonlyMap<string, string>, call: Call): Promise<void> {
  const { timeZone } = await call<WireSim>('GET', '/api/sim');
  const { times, faults } = parseTimes(own, timeZone);
  const sizes: Record<string, number> = {};
  for (const [flag, text] of own) {
    const name = SIZE_FLAGS.get(flag);
    if (name === undefined) continue;
    sizes[name] = Number(text);
    if (text.trim() === '' || !Number.isFinite(sizes[name]))
      faults.push(`--${flag}: expected a number (got "${text}")`);
  }
  if (faults.length > 0) throw new ConfigError(faults);
  const metric = own.get('metric');
  const request = { kind, target, ...(metric !== undefined && { metric }), ...sizes, ...times };
  const fault = await call<SimFault>('POST', '/api/sim/faults', request);
  say(`${line(fault, timeZone)}\n`);
}

function parseTimes(own: ReadonlyMap<string, string>, timeZone: string) {
  const faults: string[] = [];
  const time = (flag: string): number | undefined => {
    const text = own.get(flag);
    if (text === undefined) return undefined;
    const ms = parseTime(text, timeZone);
    if (ms === null) faults.push(`--${flag}: expected a time such as 2026-11-25T02:10 (got "${text}")`);
    return ms ?? undefined;
  };
  const [from, until] = [time('at'), time('until')];
  const span = own.get('for');
  const forMs = span === undefined ? undefined : parseSpan(span);
  if (forMs === null) faults.push(`--for: ${EXPECTED_SPAN} (got "${span}")`);
  const times = {
    ...(from !== undefined && { from }),
    ...(until !== undefined && { until }),
    ...(forMs !== undefined && forMs !== null && { forS: forMs / 1000 }),
  };
  return { times, faults };
}

async function list(call: Call): Promise<void> {
  const { faults, timeZone, villageMs } = await call<WireSim>('GET', '/api/sim');
  // One that was taken back ends where it would have begun.
  const open = faults.filter(({ fromMs, toMs }) => toMs === null || toMs > Math.max(villageMs, fromMs));
  say(open.length === 0 ? 'no fault acts\n' : open.map((fault) => `${line(fault, timeZone)}\n`).join(''));
}

async function end(id: string, call: Call): Promise<void> {
  const { timeZone } = await call<WireSim>('GET', '/api/sim');
  say(`${line(await call<SimFault>('DELETE', `/api/sim/faults/${encodeURIComponent(id)}`), timeZone)}\n`);
}

/** `fault-1  burst up04  flowM3h 12  2026-11-25 02:10:00 to …` */
function line({ id, kind, target, metric, sizes, fromMs, toMs }: SimFault, timeZone: string): string {
  const local = (ms: number): string => {
    const time = Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(timeZone).toPlainDateTime();
    return time.toString({ smallestUnit: 'second' }).replace('T', ' ');
  };
  const what = [kind, metric === null ? target : `${target}.${metric}`].join(' ');
  const values = Object.entries(sizes).map(([name, value]) => `${name} ${value}`);
  const when = `${local(fromMs)} to ${toMs === null ? 'whenever it is ended' : local(toMs)}`;
  return [id, what, ...values, when].join('  ');
}

function kindsTable(): string {
  return [...FAULT_KINDS.values()].map(kindLine).join('');
}

function kindLine({ kind, targets, metric, sizes }: FaultKind): string {
  const flags = sizes.map((size) => {
    const text = `--${flagOf(size)} ${size.fallback ?? 'N'}${size.unit && ` (${size.unit})`}`;
    return size.fallback === null && size.oneOf === undefined ? text : `[${text}]`;
  });
  if (metric !== undefined) flags.unshift(metric === 'required' ? '--metric M' : '[--metric M]');
  return `${kind.padEnd(20)} ${targets.join('|').toUpperCase().padEnd(12)} ${flags.join(' ')}`.trimEnd().concat('\n');
}

function say(text: string): void {
  process.stdout.write(text);
}
