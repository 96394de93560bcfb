/** Command line and environment to a command and its options. Faults are collected, never thrown one by one. */
import { parseArgs } from 'node:util';
import { nearest } from '../../model/nearest.ts';
import { OPTIONS, type Option, OTHER_ENV } from './option-table.ts';

/** Options as given, by their path in the settings; text, or a number where one is expected. */
export type RawOptions = ReadonlyMap<Option, string | number>;

export interface CommandLine {
  readonly words: readonly string[];
  readonly isHelp: boolean;
  readonly flags: RawOptions;
  readonly faults: readonly string[];
  /** Options that only the named tool knows, in the order given. */
  readonly own: readonly (readonly [string, string])[];
}

/** `ownFlags`: what a tool takes beyond the common options, each with a value. */
export function parseCommandLine(argv: readonly string[], ownFlags: readonly string[] = []): CommandLine {
  const known = new Map(OPTIONS.map((option) => [option.flag, option]));
  const names = [...known.keys(), ...ownFlags];
  const { tokens } = parseArgs({
    args: [...argv],
    options: {
      ...Object.fromEntries(names.map((flag) => [flag, { type: 'string' as const, multiple: true }])),
      help: { type: 'boolean', short: 'h' },
    },
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const flags = new Map<Option, string | number>();
  const faults: string[] = [];
  const words: string[] = [];
  const own: [string, string][] = [];
  let isHelp = false;
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const option = known.get(token.name);
    if (token.name === 'help' || token.name === 'h') isHelp = true;
    else if (!names.includes(token.name)) faults.push(`${token.rawName}: ${unknown(token.name, names)}`);
    else if (token.value === undefined) faults.push(`${token.rawName}: expected a value`);
    else if (option) flags.set(option, convert(option, token.value));
    else own.push([token.name, token.value]);
  }
  return { words, isHelp, flags, faults, own };
}

export function parseEnvironment(env: NodeJS.ProcessEnv): { values: RawOptions; faults: string[] } {
  const known = new Map(OPTIONS.map((option) => [option.env, option]));
  const values = new Map<Option, string | number>();
  const faults: string[] = [];
  for (const [name, value = ''] of Object.entries(env)) {
    if (!name.startsWith('AIMAK_') || OTHER_ENV.has(name)) continue;
    const option = known.get(name);
    if (option) values.set(option, convert(option, value));
    else faults.push(`${name}: ${unknown(name, [...known.keys()], 'environment variable')}`);
  }
  return { values, faults };
}

/** Text that is no number stays text, for the schema to say what it expected. */
function convert(option: Option, text: string): string | number {
  return option.isNumber && text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

function unknown(name: string, names: readonly string[], what = 'option'): string {
  const near = nearest(name, names);
  return near ? `unknown ${what}; did you mean ${what === 'option' ? '--' : ''}${near}?` : `unknown ${what}`;
}
