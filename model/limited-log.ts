/**
 * A log for what strangers bring about: one line a minute a kind, with a count of what was not told, and all texts in its
 * facts shortened. It takes the place of any `Log`. A flood of faults then costs neither disk nor time.
 */
import type { Log } from './log.ts';
import { shortText } from './short-text.ts';

/** The kind is the sentence, unless it is named: a text of the program, never one that a stranger can choose at will. */
type Tell = (facts: object, sentence: string, kind?: string) => void;

export interface LimitedLog {
  readonly info: Tell;
  readonly warn: Tell;
  readonly error: Tell;
  /** Tells of what was kept back, where its minute is over. To be called once a second or so. */
  tick(): void;
}

export interface LogLimits {
  readonly everyMs: number;
  /** Told of in that time; what is of further kinds is one kind together. */
  readonly kinds: number;
}

const DEFAULT_LIMITS: LogLimits = { everyMs: 60_000, kinds: 60 };
const FURTHER_KINDS = 'lines of further kinds were not written';

type Level = keyof Log;

interface Told {
  readonly level: Level;
  readonly sentence: string;
  atMs: number;
  /** Since then, and not told. */
  more: number;
}

export function createLimitedLog(log: Log, now: () => number, limits: Partial<LogLimits> = {}): LimitedLog {
  const { everyMs, kinds } = { ...DEFAULT_LIMITS, ...limits };
  const told = new Map<string, Told>();
  let further = 0;
  let furtherAtMs = Number.NEGATIVE_INFINITY;

  /** Also where the clock has been put back. */
  const isOver = (atMs: number): boolean => Math.abs(now() - atMs) >= everyMs;

  function tellMore(each: Told): void {
    log[each.level]({ more: each.more }, `more of the same: ${each.sentence}`);
    each.more = 0;
    each.atMs = now();
  }

  function tick(): void {
    for (const [kind, each] of told) {
      if (!isOver(each.atMs)) continue;
      if (each.more > 0) tellMore(each);
      else told.delete(kind);
    }
    if (further === 0 || !isOver(furtherAtMs)) return;
    log.warn({ more: further }, FURTHER_KINDS);
    further = 0;
    furtherAtMs = now();
  }

  /** Whether one more kind can be told of; where not, it is counted. */
  function isRoom(): boolean {
    if (told.size >= kinds) tick();
    if (told.size < kinds) return true;
    if (further === 0 && isOver(furtherAtMs)) furtherAtMs = now();
    further++;
    return false;
  }

  function tell(level: Level, facts: object, sentence: string, kind = sentence): void {
    const last = told.get(kind);
    if (last && !isOver(last.atMs)) {
      last.more++;
      return;
    }
    if (!last && !isRoom()) return;
    const more = last?.more ?? 0;
    told.set(kind, { level, sentence, atMs: now(), more: 0 });
    log[level](more > 0 ? { ...shortened(facts), more } : shortened(facts), sentence);
  }

  return {
    info: (facts, sentence, kind) => tell('info', facts, sentence, kind),
    warn: (facts, sentence, kind) => tell('warn', facts, sentence, kind),
    error: (facts, sentence, kind) => tell('error', facts, sentence, kind),
    tick,
  };
}

function shortened(facts: object): Record<string, unknown> {
  const short: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(facts)) short[name] = typeof value === 'string' ? shortText(value) : value;
  return short;
}
