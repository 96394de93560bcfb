/**
 * A text of 64 KB once kept one of our regular expressions at work for seconds. So each of the product is fed its worst,
 * wherever its text comes from. What it costs is compared with a plain expression on a text of the same length at the same
 * moment, not with a clock: one that is not linear costs hundreds of times as much, one that is costs a few times.
 */
import { describe, expect, it } from 'vitest';
import { quantitySchema } from '../../model/quantity.ts';
import { decodeTelemetry } from '../../model/telemetry.ts';
import { type FoundRegExp, regExpsIn, regExpsInSource, toRegExp } from './in-source.ts';
import { type Pump, pumped, pumpsOf } from './pumps.ts';

/**
 * What a text has to begin with to come to the part of an expression that repeats, where its own characters do not lead there.
 * Whoever writes such an expression adds it here.
 */
const LEADS: Readonly<Record<string, readonly string[]>> = {
  '/^day (\\d{1,5})(?: (\\d{1,2}):(\\d{2})(?::(\\d{2}))?)?$/': ['day 1', 'day 1 1:11'],
  '/^line (\\d+): /': ['line '],
  '/^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2}(\\.\\d+)?)?(Z|[+-]\\d{2}:?\\d{2}))?$/': ['2026-11-30T00:00:00.'],
  '/^fault-(\\d+)$/': ['fault-'],
  '/^(127\\.\\d+\\.\\d+\\.\\d+|::1|::ffff:127\\.\\d+\\.\\d+\\.\\d+)$/': ['127.', '127.0.', '127.0.0.', '::ffff:127.'],
  '/^(localhost|127\\.\\d+\\.\\d+\\.\\d+|\\[::1\\])(:\\d+)?$/': ['localhost:', '127.', '127.0.0.1:'],
  '/^Error \\d+: */': ['Error ', 'Error 1: '],
  '/^Error 200: [^[]*$/': ['Error 200: '],
  '/(?:node with ID:|(tank) node|(pump)|(curve)) (\\S+)$/': ['pump ', 'node with ID: '],
  '/^Error (\\d+): (.+?):?$/': ['Error ', 'Error 1: '],
  '/^\\s*\\[(\\w+)/': ['['],
  '/(?:^|[\\r\\n])(OK|ERROR|\\+CM[SE] ERROR:[^\\r\\n]*)[\\r\\n]/': ['+CMS ERROR:', '\n+CME ERROR:'],
  '/^\\+CMS ERROR: *(\\d+)$/': ['+CMS ERROR:', '+CMS ERROR: 1'],
  '/dropped=(\\d+)/': ['dropped='],
  '/^[^\\s@,;<>]+@[^\\s@,;<>]+$/': ['a@'],
  '/^\\d+(\\.\\d+)? ?%$/': ['1.'],
  '/^(?:(sunset|sunrise)|sun([+-]\\d+(?:\\.\\d+)?)deg)([+-]\\d+m)?$/': ['sun+', 'sun+1.', 'sunset+'],
  '/^(\\d+(?:\\.\\d+)?)(s|m|h|d)$/': ['1.'],
};

/** Made from parts: fed through what uses them, by name of their file. */
const MADE: Readonly<Record<string, (text: string) => unknown>> = {
  'model/quantity.ts': (text) => quantitySchema.safeParse(text),
  // A name of a column that we have given ourselves.
  'ingest/store/influx/influx-ql.ts': () => undefined,
  // A name of a file of our own, escaped; what it meets are names in the data folder, of 255 bytes at most.
  'app/folder/set-aside.ts': () => undefined,
};

const CHARS = 16_384;
/** A linear one needs up to about ten times the plain one, one of quadratic time more than a thousand times. */
const MAX_RATIO = 150;
const TRIES = 4;

const plainText = 'a'.repeat(CHARS);

function apply(expression: RegExp, text: string): void {
  expression.lastIndex = 0;
  if (expression.global) text.replace(expression, '');
  else expression.test(text);
}

function timeOf(work: () => unknown): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

/** All characters looked at once, with as much to go back to. */
function plainWork(): void {
  apply(/^(?:a|[b-z])*$/, plainText);
}

/** The best of some tries each, in turn: what disturbs the one disturbs the other. Ends at the first that is good. */
function ratioOf(work: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  let plain = Number.POSITIVE_INFINITY;
  for (let i = 0; i < TRIES; i++) {
    plain = Math.min(plain, timeOf(plainWork));
    best = Math.min(best, timeOf(work));
    if (best / plain < MAX_RATIO) break;
  }
  return best / plain;
}

function slowest(pumps: readonly Pump[], use: (text: string) => unknown): Pump | null {
  return (
    pumps.find((pump) => {
      const text = pumped(pump, CHARS);
      return ratioOf(() => use(text)) >= MAX_RATIO;
    }) ?? null
  );
}

const found = regExpsInSource();
const literals = [...new Set(found.filter(({ isMade }) => !isMade).map(({ text }) => text))];

describe('every regular expression of the product takes linear time', () => {
  it('finds them by the syntax of the source', () => {
    const source = 'const a = /b+/g.test("/c/"); const d = new RegExp(`^e`); // /f/';
    expect(regExpsIn('x.ts', source).map(({ text }: FoundRegExp) => text)).toEqual(['/b+/g', 'new RegExp(`^e`)']);
    expect(literals.length).toBeGreaterThan(60);
  });

  it('knows the ones that take none', () => {
    const open = '/"(?:[^"\\\\]|\\\\.)*(?:"|$)/gs';
    for (const text of [open, '/\\s+$/', '/^-?[\\d.]+\\.\\.-?[\\d.]+$/']) {
      expect(
        slowest(pumpsOf(text, ['"']), (each) => apply(toRegExp(text), each)),
        text,
      ).not.toBeNull();
    }
  });

  it.each(literals)('%s', (text) => {
    const expression = toRegExp(text);
    expect(slowest(pumpsOf(text, LEADS[text]), (each) => apply(expression, each))).toBeNull();
  });

  it.each(found.filter(({ isMade }) => isMade))('$text in $file', ({ file, text }) => {
    const use = MADE[file];
    if (!use) throw new Error(`${file}: an expression made at run time; name in this test what uses it`);
    expect(slowest(pumpsOf(text, ['overflowM', 'overflowM - ', '1', '1 ']), use)).toBeNull();
  });

  it('has no lead for an expression that is no longer there', () => {
    expect(Object.keys(LEADS).filter((text) => !literals.includes(text))).toEqual([]);
  });

  it('decodes telemetry of any shape in linear time', () => {
    const pumps = pumpsOf('{}[]":\\\\,NaN-', ['"', '{"a":"', '[', '{"a":', '[{"a":NaN},"']);
    expect(slowest(pumps, (text) => decodeTelemetry(Buffer.from(text)))).toBeNull();
  });
});
